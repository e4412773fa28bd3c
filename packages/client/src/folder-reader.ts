import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { AbortOptions, FileLayout, TorrentLayout } from '@bae/storage'
import { ClientError } from './errors.js'

/** What a reader of files needs of a storage. */
export interface PieceReader {
  /** Exactly `length` bytes. */
  readPiece(piece: number, offset: number, length: number, options?: AbortOptions): Promise<Uint8Array>
}

/** Reads the ordinary files that libtorrent's own disk storage keeps, once it said that it wrote them. */
export class FolderReader implements PieceReader {
  readonly #savePath: string
  readonly #layout: TorrentLayout
  readonly #settled: (options: AbortOptions) => Promise<void>

  /** `settled`: every file is where it belongs. */
  constructor(savePath: string, layout: TorrentLayout, settled: (options: AbortOptions) => Promise<void>) {
    this.#savePath = savePath
    this.#layout = layout
    this.#settled = settled
  }

  async readPiece(
    piece: number,
    offset: number,
    length: number,
    options: AbortOptions = {},
  ): Promise<Uint8Array> {
    await this.#settled(options)
    const bytes = new Uint8Array(length)
    const start = piece * this.#layout.pieceLengthBytes + offset
    for (const file of this.#layout.files) {
      const from = Math.max(start, file.offsetBytes)
      const to = Math.min(start + length, file.offsetBytes + file.lengthBytes)
      // Padding is nowhere, and zero.
      if (from >= to || file.kind === 'padding') continue
      await this.#read(file, bytes.subarray(from - start, to - start), from - file.offsetBytes)
    }
    return bytes
  }

  async #read(file: FileLayout, into: Uint8Array, position: number): Promise<void> {
    const path = this.#pathOf(file)
    await using handle = await open(path)
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await handle.read(into, done, into.length - done, position + done)
      if (bytesRead === 0)
        throw new ClientError('CLIENT_FILE_CHANGED', `'${path}' ends before its piece does`)
      done += bytesRead
    }
  }

  /** libtorrent made these names safe; one that is not never came from there. */
  #pathOf({ path }: FileLayout): string {
    const { singleFile, name } = this.#layout
    const parts = singleFile ? path : [name, ...path]
    const isUnsafe = (part: string) => part === '' || part === '.' || part === '..' || /[/\\\0]/.test(part)
    if (parts.some(isUnsafe)) {
      throw new ClientError('CLIENT_FILE_CHANGED', `'${parts.join('/')}' is no path below a folder`)
    }
    return join(this.#savePath, ...parts)
  }
}
