import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { errnoOf } from '../io-error.js'

export type OpenFile = (path: string, flags: number) => Promise<FileHandle>

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
  readonly #openFile: OpenFile
  /** The file system wants no direct writes at all (tmpfs, some network mounts). */
  #directRefused = direct === 0
  /** Memory that the kernel refused: not to be tried twice. */
  readonly #unaligned = new WeakSet<ArrayBufferLike>()

  constructor(openFile: OpenFile = open) {
    this.#openFile = openFile
  }

  /** All of `bytes` at `offset` of the file, which is made when it is missing; its folder is not. */
  async write(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#mayGoDirect(offset, bytes) && (await this.#writeDirect(path, offset, bytes))) return
    const file = await this.#openFile(path, createForWriting)
    try {
      for (let done = 0; done < bytes.length; ) {
        const rest = await file.write(bytes, done, bytes.length - done, offset + done)
        done += rest.bytesWritten
      }
    } finally {
      await file.close()
    }
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
    const file = await this.#openDirect(path)
    if (file === undefined) return false
    try {
      const { bytesWritten } = await file.write(bytes, 0, bytes.length, offset)
      return bytesWritten === bytes.length
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
      this.#unaligned.add(bytes.buffer)
      return false
    } finally {
      await file.close()
    }
  }

  async #openDirect(path: string): Promise<FileHandle | undefined> {
    try {
      return await this.#openFile(path, createForWriting | direct)
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
      this.#directRefused = true
      return undefined
    }
  }
}
