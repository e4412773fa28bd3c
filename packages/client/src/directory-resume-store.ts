import { readFile } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResumeStore } from './resume-store.js'

const SUFFIX = '.resume'

/**
 * A file for each record in a folder of its own: written aside, flushed, renamed. A power cut leaves the record that was
 * saved last or the one before it, and never a part of one.
 */
export class DirectoryResumeStore implements ResumeStore {
  readonly #directory: string
  #writes = 0

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Makes the folder where it is missing. One process at a time. */
  static async open(directory: string): Promise<DirectoryResumeStore> {
    await mkdir(directory, { recursive: true })
    for (const name of await readdir(directory)) {
      // Of a process that died before the rename.
      if (name.endsWith('.part')) await rm(join(directory, name), { force: true })
    }
    return new DirectoryResumeStore(directory)
  }

  async save(id: string, record: Uint8Array): Promise<void> {
    const path = this.#path(id)
    const part = `${path}.${++this.#writes}.part`
    try {
      const file = await open(part, 'wx', 0o600)
      try {
        await file.writeFile(record)
        await file.datasync()
      } finally {
        await file.close()
      }
      await rename(part, path)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }

  /** With a callback: the promises of `node:fs` take twice the CPU for a file as small as these. */
  async load(id: string): Promise<Uint8Array | undefined> {
    const path = this.#path(id)
    return new Promise((resolve, reject) => {
      readFile(path, (error, bytes) => {
        if (error === null) resolve(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
        else if (isMissing(error)) resolve(undefined)
        else reject(error)
      })
    })
  }

  async *list(): AsyncIterable<string> {
    const names = await readdir(this.#directory)
    for (const name of names) if (name.endsWith(SUFFIX)) yield name.slice(0, -SUFFIX.length)
  }

  async delete(id: string): Promise<void> {
    await rm(this.#path(id), { force: true })
  }

  /** An id is a name within the folder, never a path out of it. */
  #path(id: string): string {
    if (!/^[\w-]{1,128}$/.test(id)) throw new RangeError(`'${id}' cannot name a record`)
    return join(this.#directory, `${id}${SUFFIX}`)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
