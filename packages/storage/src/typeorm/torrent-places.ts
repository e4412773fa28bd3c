import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import { clearBit, hasBit, setBit } from '../have-bits.js'
import { keyBytes, packKey, unpackKey } from './packed-key.js'
import { rows } from './sql.js'

/*
 * Both kinds of rows are small enough to stay in their page, where PostgreSQL logs only what changed of
 * them and soon takes the old version's room again. Those above 2 KB move to a side table, and each small
 * change would leave a whole copy behind.
 */
export const segmentBytes = 1_024
export const segmentBits = 8 * segmentBytes
export const keysPerPart = 16
export const partBytes = keysPerPart * keyBytes

/** Where a key would be but none is: no hash is all zeroes. */
const noKey = Buffer.alloc(keyBytes)

const readPlaces = {
  name: 'read-places',
  text: `SELECT segment AS number, bits AS bytes, true AS have FROM have_segment
    WHERE torrent_id = $1 AND segment = ANY($2::integer[])
    UNION ALL SELECT part, keys, false FROM packed_keys WHERE torrent_id = $1 AND part = ANY($3::integer[])`,
}

/**
 * The have bits and chunk keys of one torrent, as far as they are about to change: read when the torrent
 * is locked, changed in memory, written in one statement.
 */
export class TorrentPlaces {
  readonly #segments: Map<number, Uint8Array>
  readonly #parts: Map<number, Uint8Array>
  readonly #changedSegments = new Set<number>()
  readonly #changedParts = new Set<number>()

  private constructor(segments: Map<number, Uint8Array>, parts: Map<number, Uint8Array>) {
    this.#segments = segments
    this.#parts = parts
  }

  static async read(
    manager: EntityManager,
    torrentId: string,
    wanted: { readonly pieces: readonly number[]; readonly ordinals: readonly number[] },
  ): Promise<TorrentPlaces> {
    const segments = emptyRows(wanted.pieces, segmentBits, segmentBytes)
    const parts = emptyRows(wanted.ordinals, keysPerPart, partBytes)
    const found = await rows<{ number: number; bytes: Uint8Array; have: boolean }>(manager, readPlaces, [
      torrentId,
      [...segments.keys()],
      [...parts.keys()],
    ])
    for (const { number, bytes, have } of found) (have ? segments : parts).set(number, bytes)
    return new TorrentPlaces(segments, parts)
  }

  get unchanged(): boolean {
    return this.#changedSegments.size === 0 && this.#changedParts.size === 0
  }

  /** Sets the bit of a piece, or clears it. */
  have(piece: number, complete: boolean): void {
    const number = Math.floor(piece / segmentBits)
    const bits = this.#segments.get(number)
    if (bits === undefined || hasBit(bits, piece % segmentBits) === complete) return
    ;(complete ? setBit : clearBit)(bits, piece % segmentBits)
    this.#changedSegments.add(number)
  }

  keyOf(ordinal: number): ChunkKey | undefined {
    const part = this.#parts.get(Math.floor(ordinal / keysPerPart))
    return part === undefined ? undefined : keyAt(part, ordinal % keysPerPart)
  }

  setKey(ordinal: number, key: ChunkKey | undefined): void {
    const number = Math.floor(ordinal / keysPerPart)
    this.#parts.get(number)?.set(key === undefined ? noKey : packKey(key), (ordinal % keysPerPart) * keyBytes)
    this.#changedParts.add(number)
  }

  /** Numbers of what changed, and its bytes one after the other: as arrays pg would send them in text. */
  changes(): readonly [segments: number[], bits: Buffer, parts: number[], keys: Buffer] {
    const segments = [...this.#changedSegments]
    const parts = [...this.#changedParts]
    return [segments, pick(this.#segments, segments), parts, pick(this.#parts, parts)]
  }
}

/** The key at one place of a part, where there is one. */
export function keyAt(part: Uint8Array, place: number): ChunkKey | undefined {
  const key = part.subarray(place * keyBytes, (place + 1) * keyBytes)
  return noKey.equals(key) ? undefined : unpackKey(key)
}

/** A row for each that `positions` lie in, as it is before anything is in it. */
function emptyRows(positions: readonly number[], perRow: number, bytes: number): Map<number, Uint8Array> {
  const rows = new Map<number, Uint8Array>()
  for (const position of positions) {
    const number = Math.floor(position / perRow)
    if (!rows.has(number)) rows.set(number, new Uint8Array(bytes))
  }
  return rows
}

function pick(from: ReadonlyMap<number, Uint8Array>, numbers: readonly number[]): Buffer {
  return Buffer.concat(numbers.flatMap((number) => from.get(number) ?? []))
}
