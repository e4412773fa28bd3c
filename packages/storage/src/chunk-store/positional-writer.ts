import fs, { constants } from 'node:fs'
import { errnoOf } from '../io-error.js'
import { type FileCalls, withFile } from './with-file.js'

const createForWriting = constants.O_WRONLY | constants.O_CREAT

/** Only Linux has it; elsewhere every write goes through the page cache. */
const direct: number = (constants as Partial<typeof constants>).O_DIRECT ?? 0

/** What every Linux file system accepts as the granularity of direct writes. */
const alignmentBytes = 4096

/**
 * Writes into files at a place, past the page cache where it can: a chunk is written once and rarely read
 * soon, and copying it through the cache costs more CPU than all the rest of a write. A direct write needs
 * its place and length aligned, which shows here, and its memory too, which only the kernel can tell.
 */
export class PositionalWriter {
  readonly #calls: FileCalls
  /** The file system wants no direct writes at all (tmpfs, some network mounts). */
  #directRefused = direct === 0
  /** Memory that the kernel refused: not to be tried twice. */
  readonly #unaligned = new WeakSet<ArrayBufferLike>()

  constructor(calls: FileCalls = fs) {
    this.#calls = calls
  }

  /** All of `bytes` at `offset` of the file, which is made when it is missing; its folder is not. */
  async write(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#mayGoDirect(offset, bytes) && (await this.#writeDirect(path, offset, bytes))) return
    const write = (descriptor: number, done: (error: Error | null) => void): void => {
      const writeFrom = (at: number): void => {
        this.#calls.write(descriptor, bytes, at, bytes.length - at, offset + at, (error, bytesWritten) => {
          if (error !== null || at + bytesWritten >= bytes.length) done(error)
          else writeFrom(at + bytesWritten)
        })
      }
      writeFrom(0)
    }
    await withFile<void>(path, createForWriting, write, this.#calls)
  }

  #mayGoDirect(offset: number, bytes: Uint8Array): boolean {
    return (
      !this.#directRefused &&
      offset % alignmentBytes === 0 &&
      bytes.length % alignmentBytes === 0 &&
      bytes.byteOffset % alignmentBytes === 0 &&
      !this.#unaligned.has(bytes.buffer)
    )
  }

  /** False when it has to be done the other way; what was written by then is written again. */
  async #writeDirect(path: string, offset: number, bytes: Uint8Array): Promise<boolean> {
    let isOpen = false
    const write = (descriptor: number, done: (error: Error | null, bytesWritten: number) => void): void => {
      isOpen = true
      this.#calls.write(descriptor, bytes, 0, bytes.length, offset, done)
    }
    try {
      const bytesWritten = await withFile<number>(path, createForWriting | direct, write, this.#calls)
      return bytesWritten === bytes.length
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
      if (isOpen) this.#unaligned.add(bytes.buffer)
      else this.#directRefused = true
      return false
    }
  }
}
