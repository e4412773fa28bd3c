import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeTemporaryFolder, removeFolder } from '../temporary-folder.js'

/** The files of one foreign program: its configuration, and its content where that lies nowhere else. */
export class PeerFolder {
  readonly path: string
  readonly content: string

  private constructor(path: string, content: string) {
    this.path = path
    this.content = content
  }

  static async make(contentFolder?: string): Promise<PeerFolder> {
    const path = await makeTemporaryFolder()
    const content = contentFolder ?? join(path, 'content')
    await mkdir(content, { recursive: true })
    return new PeerFolder(path, content)
  }

  remove(): Promise<void> {
    return removeFolder(this.path)
  }
}
