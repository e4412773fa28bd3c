import { setTimeout as delay } from 'node:timers/promises'

const codes = [
  'STORAGE_NO_SPACE',
  'STORAGE_UNAVAILABLE',
  'STORAGE_PIECE_NOT_FOUND',
  'STORAGE_CORRUPT',
  'STORAGE_IO',
  'ENOSPC',
  'EIO',
  'EMFILE',
  'no code at all',
]

/**
 * Keeps pieces in memory across sessions, is slow and fails as the dice say, and watches what it is asked: whatever
 * a StorageHandler may count on is a complaint when it is broken.
 */
export class SoakLibrary {
  /** What was stored of each torrent: its bytes, and for each of them whether it is there. */
  #stored
  complaints = []
  counts = { calls: 0, failed: 0, completed: 0 }

  constructor(torrents) {
    this.torrents = new Map(torrents.map((torrent) => [torrent.torrentId, torrent]))
    // All of it at once, so that it does not look as if something grew.
    this.#stored = new Map(torrents.map((torrent) => [torrent.torrentId, emptyStore(torrent)]))
  }

  /** The library of somebody who has everything. */
  static full(torrents) {
    const library = new SoakLibrary(torrents)
    for (const { torrentId, bytes, pieceCount } of torrents) {
      const stored = library.stored(torrentId)
      stored.bytes.set(bytes)
      stored.there.fill(1)
      for (let piece = 0; piece < pieceCount; piece++) stored.complete.add(piece)
    }
    return library
  }

  complain(what) {
    if (this.complaints.length < 20) this.complaints.push(what)
  }

  stored(torrentId) {
    return this.#stored.get(torrentId)
  }

  forget(torrentId) {
    const stored = this.stored(torrentId)
    markPadding(stored.there, this.torrents.get(torrentId))
    stored.complete.clear()
  }
}

function emptyStore(torrent) {
  const { length } = torrent.bytes
  const there = markPadding(new Uint8Array(length), torrent)
  return { bytes: new Uint8Array(length), there, complete: new Set() }
}

/** Padding at the end of a piece is never written, and always there. */
function markPadding(there, { files = [] }) {
  there.fill(0)
  for (const { isPadding, offsetBytes, lengthBytes } of files) {
    if (isPadding) there.fill(1, offsetBytes, offsetBytes + lengthBytes)
  }
  return there
}

/** The handler of one session. `faults`: how often a call fails, from 0 to 1. */
export class SoakStorage {
  #library
  #random
  #open = new Map()
  /** Storages that something was asked of: only one whose opening failed, or was given up, may be opened again. */
  #used = new Set()

  constructor(library, random, faults) {
    this.#library = library
    this.#random = random
    this.faults = faults
  }

  get openCount() {
    return this.#open.size
  }

  async openStorage(index, torrentId, layout) {
    if (this.#used.has(index)) this.#library.complain(`storage index ${index} is used twice`)
    this.#open.set(index, { torrentId, layout })
    if (await this.#misbehaves('openStorage')) return { havePieces: new Uint8Array(1) }
    const { complete } = this.#library.stored(torrentId)
    const bits = new Uint8Array(Math.ceil(this.#library.torrents.get(torrentId).pieceCount / 8))
    for (const piece of complete) bits[piece >> 3] |= 0x80 >> (piece & 7)
    return this.#random.chance(0.8) ? { havePieces: bits } : {}
  }

  async writePiece(index, piece, offset, bytes) {
    const { torrent, stored } = this.#place(index, 'writePiece')
    const at = piece * torrent.pieceLengthBytes + offset
    stored.there.fill(0, at, at + bytes.length)
    stored.complete.delete(piece)
    await this.#misbehaves('writePiece')
    if (bytes.length === 0) return
    if (Buffer.compare(bytes, torrent.bytes.subarray(at, at + bytes.length)) !== 0) {
      this.#library.complain(`wrong bytes for piece ${piece} of ${torrent.torrentId} at ${offset}`)
    }
    stored.bytes.set(bytes, at)
    stored.there.fill(1, at, at + bytes.length)
  }

  async readPiece(index, piece, offset, length) {
    const { torrent, stored } = this.#place(index, 'readPiece')
    const at = piece * torrent.pieceLengthBytes + offset
    const way = await this.#misbehaves('readPiece')
    if (way) return this.#rubbish(length)
    if (stored.there.subarray(at, at + length).includes(0)) {
      throw Object.assign(new Error('never written'), { code: 'STORAGE_PIECE_NOT_FOUND' })
    }
    return stored.bytes.slice(at, at + length)
  }

  async completePiece(index, piece) {
    const { torrent, stored } = this.#place(index, 'completePiece')
    const start = piece * torrent.pieceLengthBytes
    const end = Math.min(start + torrent.pieceLengthBytes, torrent.bytes.length)
    if (stored.there.subarray(start, end).includes(0)) {
      this.#library.complain(`piece ${piece} of ${torrent.torrentId} is completed and was not written`)
    }
    await this.#misbehaves('completePiece')
    this.#library.counts.completed++
    stored.complete.add(piece)
  }

  async clearPiece(index, piece) {
    const { stored } = this.#place(index, 'clearPiece')
    stored.complete.delete(piece)
    await this.#misbehaves('clearPiece')
  }

  async closeStorage(index, deleteData) {
    const { torrentId } = this.#open.get(index) ?? {}
    if (torrentId === undefined) return this.#library.complain(`closeStorage of ${index}, which is not open`)
    this.#open.delete(index)
    if (deleteData) this.#library.forget(torrentId)
    await this.#misbehaves('closeStorage')
  }

  #place(index, call) {
    const open = this.#open.get(index)
    if (open === undefined) {
      this.#library.complain(`${call} of storage index ${index}, which is not open`)
      throw new Error('not open')
    }
    this.#used.add(index)
    this.#library.counts.calls++
    return {
      torrent: this.#library.torrents.get(open.torrentId),
      stored: this.#library.stored(open.torrentId),
    }
  }

  /** True when the answer shall be rubbish; rejects, is late or never answers as the dice say. */
  async #misbehaves() {
    const random = this.#random
    if (random.chance(0.2)) await delay(random.below(20))
    if (!random.chance(this.faults)) return false
    this.#library.counts.failed++
    const way = random.below(10)
    if (way === 0) await new Promise(() => {})
    if (way === 1) await delay(400)
    if (way === 2) throw undefined
    if (way === 3) throw 'a string'
    if (way === 4) {
      throw {
        get code() {
          throw new Error('a getter that throws')
        },
      }
    }
    if (way < 8) throw Object.assign(new Error('as the dice say'), { code: random.pick(codes) })
    return true
  }

  #rubbish(length) {
    const detached = new Uint8Array(length)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    const answers = [new Uint8Array(0), new Uint8Array(length + 1), detached, 'text', null, 7]
    return this.#random.pick(answers)
  }
}
