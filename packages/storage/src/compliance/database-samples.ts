import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import type { ChunkKey } from '../chunk-store.js'
import type { Database, SealedChunk, TorrentRecord } from '../database.js'
import { isBaeError } from '../errors.js'
import { hasBit } from '../have-bits.js'
import type { FileLayout, TorrentId, TorrentLayout } from '../torrent-layout.js'

export interface DatabaseSubject {
  /** A database of a new library. */
  create(): Promise<Database>
  /** The same library once more, after `close()`. */
  reopen?(closed: Database): Promise<Database>
}

/** The key of an imaginary chunk: different for each name. */
export function sampleKey(name: string | number): ChunkKey {
  return createHash('sha256').update(`chunk ${name}`).digest('hex') as ChunkKey
}

export function sealed(ordinal: number, name: string | number, lengthBytes = 1 << 20): SealedChunk {
  return { ordinal, key: sampleKey(name), lengthBytes }
}

function sampleInfoHash(algorithm: 'sha1' | 'sha256'): string {
  return createHash(algorithm).update(randomUUID()).digest('hex')
}

/** A torrent of one file with so many pieces of 16 KiB, the last of them one byte long. */
export function sampleRecord(pieces: number, more: Partial<TorrentLayout> = {}): TorrentRecord {
  const lengthBytes = (pieces - 1) * 16_384 + 1
  const file = {
    index: 0,
    path: ['song.wav'],
    offsetBytes: 0,
    lengthBytes,
    kind: 'file',
    executable: false,
  } as const
  const layout = {
    infoHashV1: sampleInfoHash('sha1'),
    name: 'song.wav',
    singleFile: true,
    pieceLengthBytes: 16_384,
    totalLengthBytes: lengthBytes,
    files: [file],
    ...more,
  }
  return {
    id: randomUUID() as string as TorrentId,
    layout,
    metadata: {
      infoSection: Uint8Array.from({ length: 700 }, (_, index) => index & 0xff),
      pieceHashesV1: new Uint8Array(20 * pieces).fill(0xa5),
    },
    chunkSizeBytes: 1 << 20,
    addedAtMs: 1_795_000_000_000,
  }
}

export function hybridHashes(): { infoHashV1: string; infoHashV2: string } {
  return { infoHashV1: sampleInfoHash('sha1'), infoHashV2: sampleInfoHash('sha256') }
}

/** One byte a file, with names of all kinds, some of them not UTF-8, between paddings and links. */
export function manyFiles(count: number): FileLayout[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${index} café 音楽 "quoted" \\ \u0001.bin`
    return {
      index,
      path: [`folder ${index % 97}`, name],
      offsetBytes: index,
      lengthBytes: 1,
      kind: index % 100 === 98 ? 'symlink' : index % 100 === 99 ? 'padding' : 'file',
      executable: index % 2 === 1,
      ...(index % 1000 === 7
        ? { pathBytes: [Uint8Array.of(0x66, 0xff, 0x00), Uint8Array.of(0xc3, 0x28)] }
        : {}),
      ...(index % 100 === 98 ? { symlinkTarget: [`folder ${index % 97}`, '../"\u0001'] } : {}),
      ...(index % 3 === 0 ? { piecesRoot: createHash('sha256').update(name).digest('hex') } : {}),
    }
  })
}

/** Runs `body` on a database of its own and closes it, whatever happens. */
export async function withDatabase(
  subject: DatabaseSubject,
  body: (database: Database) => Promise<void>,
): Promise<void> {
  await using database = await subject.create()
  await body(database)
}

export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(
      isBaeError(error, code),
      `${code} was expected, not ${error instanceof Error ? error.stack : typeof error}`,
    )
    return true
  })
}

/** The pieces whose bits are set; checks that no other bit is. */
export function setPieces(have: Uint8Array, pieces: number): number[] {
  assert.equal(have.length, Math.ceil(pieces / 8), 'length of the have bits')
  const set: number[] = []
  for (let bit = 0; bit < have.length * 8; bit++) {
    if (hasBit(have, bit)) set.push(bit)
  }
  return set
}
