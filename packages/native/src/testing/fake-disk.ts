import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StorageHandler } from '../native-session.js'
import type { TorrentLayout, TorrentMetadata } from '../torrent-layout.js'

/** How a torrent of a session without a handler was added. */
export interface FakeDiskPlace {
  readonly savePath: string
  /** Pieces that resume data claims; undefined: what lies there is checked. */
  readonly claimed?: Uint8Array
  readonly seedMode?: boolean
}

interface Opened {
  readonly folder: string
  readonly layout: TorrentLayout
}

/** Plays libtorrent's own disk storage: the torrent's files below its folder, v1 only. */
export class FakeDisk implements StorageHandler {
  readonly #places = new Map<string, FakeDiskPlace>()
  readonly #opened = new Map<number, Opened>()

  place(torrentId: string, place: FakeDiskPlace): void {
    this.#places.set(torrentId, place)
  }

  async openStorage(
    storageIndex: number,
    torrentId: string,
    layout: TorrentLayout,
    metadata: TorrentMetadata,
  ): Promise<{ havePieces: Uint8Array }> {
    const place = this.#places.get(torrentId)
    if (place === undefined) throw new Error(`torrent ${torrentId} has no folder`)
    const opened = { folder: layout.singleFile ? place.savePath : join(place.savePath, layout.name), layout }
    this.#opened.set(storageIndex, opened)
    const pieces = Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
    const bits = new Uint8Array(Math.ceil(pieces / 8))
    const claims = (piece: number) => ((place.claimed?.[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
    const files = await this.#existing(opened)
    for (let piece = 0; piece < pieces; piece++) {
      const there =
        place.seedMode || (place.claimed ? claims(piece) : await this.#isRight(opened, metadata, piece))
      if (files && there) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
    }
    return { havePieces: bits }
  }

  async writePiece(storageIndex: number, piece: number, offset: number, bytes: Uint8Array): Promise<void> {
    const opened = this.#of(storageIndex)
    for (const part of partsOf(opened, piece, offset, bytes.length)) {
      await mkdir(dirname(part.path), { recursive: true })
      const file = await open(part.path, 'a').then(async (created) => {
        await created.close()
        return open(part.path, 'r+')
      })
      await file.write(bytes, part.at, part.length, part.offsetInFile)
      await file.close()
    }
  }

  async readPiece(storageIndex: number, piece: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#read(this.#of(storageIndex), piece, offset, length)
  }

  async completePiece(): Promise<void> {}

  async clearPiece(): Promise<void> {}

  async closeStorage(storageIndex: number, deleteData: boolean): Promise<void> {
    const opened = this.#of(storageIndex)
    this.#opened.delete(storageIndex)
    if (!deleteData) return
    for (const { path } of opened.layout.files) await rm(join(opened.folder, ...path), { force: true })
  }

  async #read(opened: Opened, piece: number, offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    for (const part of partsOf(opened, piece, offset, length)) {
      const all = await readFile(part.path)
      bytes.set(all.subarray(part.offsetInFile, part.offsetInFile + part.length), part.at)
    }
    return bytes
  }

  async #isRight(opened: Opened, metadata: TorrentMetadata, piece: number): Promise<boolean> {
    const { pieceLengthBytes, totalLengthBytes } = opened.layout
    const length = Math.min(pieceLengthBytes, totalLengthBytes - piece * pieceLengthBytes)
    const [read] = await Promise.allSettled([this.#read(opened, piece, 0, length)])
    if (read.status === 'rejected') return false
    const hash = createHash('sha1').update(read.value).digest()
    return hash.equals(metadata.pieceHashesV1?.subarray(piece * 20, piece * 20 + 20) ?? new Uint8Array())
  }

  /** One of the torrent's files is there. */
  async #existing({ folder, layout }: Opened): Promise<boolean> {
    const found = await Promise.allSettled(layout.files.map(({ path }) => stat(join(folder, ...path))))
    return found.some(({ status }) => status === 'fulfilled')
  }

  #of(storageIndex: number): Opened {
    const opened = this.#opened.get(storageIndex)
    if (opened === undefined) throw new Error(`storage ${storageIndex} is not open`)
    return opened
  }
}

function* partsOf({ folder, layout }: Opened, piece: number, offset: number, length: number) {
  const start = piece * layout.pieceLengthBytes + offset
  for (const file of layout.files) {
    const from = Math.max(start, file.offsetBytes)
    const to = Math.min(start + length, file.offsetBytes + file.lengthBytes)
    if (from >= to || file.kind === 'padding') continue
    yield {
      path: join(folder, ...file.path),
      at: from - start,
      length: to - from,
      offsetInFile: from - file.offsetBytes,
    }
  }
}
