import type { FileCalls } from '../file-calls.js'
import { errnoOf } from '../io-error.js'
import { directFlag } from './node-file-calls.js'

/** What every Linux file system accepts as the granularity of direct writes. */
const alignmentBytes = 4096

/**
 * Writes into files at a place, past the page cache where it can: a chunk is written once and rarely read
 * soon, and copying it through the cache costs more CPU than all the rest of a write. A direct write needs
 * its place and length aligned, which shows here, and its memory too, which only the kernel can tell.
 */
export class PositionalWriter {
  readonly #files: FileCalls
  /** The file system wants no direct writes at all (tmpfs, some network mounts). */
  #directRefused = directFlag === 0
  /** Memory that the kernel refused: not to be tried twice. */
  readonly #unaligned = new WeakSet<ArrayBufferLike>()

  constructor(files: FileCalls) {
    this.#files = files
  }

  /** All of `bytes` at `offset` of the file, which is made when it is missing; its folder is not. */
  async write(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#mayGoDirect(offset, bytes) && (await this.#writeDirect(path, offset, bytes))) return
    await this.#files.write(path, offset, bytes, false)
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
    try {
      return (await this.#files.write(path, offset, bytes, true)) === bytes.length
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
      if ((error as NodeJS.ErrnoException).syscall === 'open') this.#directRefused = true
      else this.#unaligned.add(bytes.buffer)
      return false
    }
  }
}
