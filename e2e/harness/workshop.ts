import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFilePayload, makeTreePayload, type Payload } from './payload.js'
import { makeTemporaryFolder, removeFolder } from './temporary-folder.js'
import { makeTorrent, type TorrentFile, type TorrentKind } from './torrent-maker.js'

/** Payloads and .torrent files that the tests of one file share: each is made when first asked for, once. */
export class Workshop implements AsyncDisposable {
  readonly #made = new Map<string, Promise<unknown>>()

  get folder(): Promise<string> {
    return this.#once('folder', makeTemporaryFolder)
  }

  file(totalBytes: number): Promise<Payload> {
    const name = `single file of ${totalBytes}.bin`
    return this.#once(name, async () => makeFilePayload(await this.#contentFolder(), totalBytes, name))
  }

  tree(files = 300): Promise<Payload> {
    return this.#once(`tree of ${files}`, async () => makeTreePayload(await this.#contentFolder(), files))
  }

  async fileTorrent(totalBytes: number, pieceLengthBytes: number): Promise<TorrentFile> {
    return this.torrentOf(await this.file(totalBytes), pieceLengthBytes)
  }

  async treeTorrent(pieceLengthBytes: number): Promise<TorrentFile> {
    return this.torrentOf(await this.tree(), pieceLengthBytes)
  }

  /** A torrent of any folder or file. */
  torrentOf(payload: Payload, pieceLengthBytes: number, kind: TorrentKind = 'v1'): Promise<TorrentFile> {
    return this.#once(`${payload.path} ${pieceLengthBytes} ${kind}`, async () => {
      const path = join(await this.folder, `${payload.name} ${pieceLengthBytes} ${kind}.torrent`)
      return makeTorrent(payload, pieceLengthBytes, path, kind)
    })
  }

  async close(): Promise<void> {
    if (this.#made.has('folder')) await removeFolder(await this.folder)
    this.#made.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #contentFolder(): Promise<string> {
    const folder = join(await this.folder, 'content')
    await mkdir(folder, { recursive: true })
    return folder
  }

  #once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(name) as Promise<T> | undefined
    const made = known ?? make()
    this.#made.set(name, made)
    return made
  }
}
