import { randomFillSync } from 'node:crypto'
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isBaeError } from '../errors.js'
import { isFileError } from './file-error.js'

/** A segment of the server's log, 16 MiB, and some pages of its tables. */
export const reserveBytes = 20 * 2 ** 20
/** Where there is less than so many times its size it would make a small disk smaller. */
const roomFactor = 10
const partBytes = 2 ** 20

/**
 * Room that a full disk still has: a file that can be deleted. Without it a server whose disk is full does not start, and does
 * not record that something was deleted either, so that nobody could make room.
 */
export class Reserve {
  readonly #path: string
  readonly #directory: string

  /** `directory` is that of the server. */
  constructor(directory: string) {
    this.#directory = directory
    this.#path = join(directory, 'reserve')
  }

  /** Makes it where it is not there and the disk has room. Who cannot make it is no worse off than without. */
  async keep(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#directory)
      if (bavail * bsize < roomFactor * reserveBytes) return
      // Of two who make it one is enough. What a crash left of it is less room, and better than none.
      await using file = await open(this.#path, 'wx', 0o600)
      // Zeroes would take no room where a file system compresses.
      const part = randomFillSync(new Uint8Array(partBytes))
      for (let written = 0; written < reserveBytes; written += partBytes) await file.writeFile(part)
    } catch (error) {
      if (!isFileError(error)) throw error
    }
  }

  /** False where there was none. */
  async give(): Promise<boolean> {
    try {
      await rm(this.#path)
      return true
    } catch (error) {
      if (isFileError(error)) return false
      throw error
    }
  }

  /** Does `job`; where it failed because the disk is full, once more in this room. */
  async during<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await job()
    } catch (error) {
      if (!isBaeError(error, 'STORAGE_NO_SPACE') || !(await this.give())) throw error
      return await job()
    }
  }
}
