import { batchesOf } from './batches-of.js'
import { chunkKeyOfFile, rootOfChunkKeys } from './chunk-key.js'
import type { ChunkKey } from './chunk-store.js'
import type { Database, SealedChunk, TorrentRecord } from './database.js'
import type { StoredFile } from './file-records.js'
import type { PieceMapper } from './piece-mapper.js'
import { PieceSet } from './piece-set.js'
import type { FileLayout, TorrentId } from './torrent-layout.js'

export interface AdoptingTorrent {
  readonly record: TorrentRecord
  readonly mapper: PieceMapper
  /** As recorded: a bit a piece. */
  readonly completedPieces: Uint8Array
}

/** What a torrent can have from its library. */
export interface Adoption {
  /** Of whole files; those that the torrent has already are left out. */
  readonly chunks: readonly SealedChunk[]
  /** Pieces that nothing but these chunks and padding is in. */
  readonly pieces: readonly number[]
}

/** Looked up at a time. */
const filesAtOnce = 1_024
const keysAtOnce = 4_096

/**
 * Which files of a v2 or hybrid torrent the library has, by the roots of their trees, under whatever torrent they
 * came. Looks at records only.
 */
export async function findAdoption(database: Database, torrent: AdoptingTorrent): Promise<Adoption> {
  const { record, mapper } = torrent
  const completed = new PieceSet(mapper.pieceCount, torrent.completedPieces.slice())
  const wanted = record.layout.files.filter((file) => isWanted(file, mapper, completed))
  const chunks: SealedChunk[] = []
  for (const files of batchesOf(wanted, filesAtOnce)) {
    const small = files.filter(({ lengthBytes }) => lengthBytes <= mapper.chunkSizeBytes)
    const large = files.filter(({ lengthBytes }) => lengthBytes > mapper.chunkSizeBytes)
    chunks.push(...(await smallFiles(database, mapper, small)))
    chunks.push(...(await largeFiles(database, torrent, large)))
  }
  const missing = chunks.filter(({ ordinal }) => !isSealed(mapper, completed, ordinal))
  return { chunks: missing, pieces: piecesIn(mapper, completed, missing) }
}

function isWanted(file: FileLayout, mapper: PieceMapper, completed: PieceSet): boolean {
  if (file.piecesRoot === undefined || file.kind !== 'file' || file.lengthBytes === 0) return false
  return chunksOf(mapper, file).some(({ ordinal }) => !isSealed(mapper, completed, ordinal))
}

/** A file of one chunk: its root says the chunk's key. */
async function smallFiles(
  database: Database,
  mapper: PieceMapper,
  files: readonly FileLayout[],
): Promise<readonly SealedChunk[]> {
  const chunks = files.flatMap((file) => {
    const key = chunkKeyOfFile(file.piecesRoot ?? '', file.lengthBytes, mapper.chunkSizeBytes)
    return chunksOf(mapper, file).map((chunk) => ({ ...chunk, key }))
  })
  const lengths = await database.chunkLengths(chunks.map(({ key }) => key))
  return chunks.filter(({ key, lengthBytes }) => lengths.get(key) === lengthBytes)
}

/** Files of several chunks: some torrent has the keys, and they prove themselves by the root. */
async function largeFiles(
  database: Database,
  { record, mapper }: AdoptingTorrent,
  files: readonly FileLayout[],
): Promise<readonly SealedChunk[]> {
  if (files.length === 0) return []
  const sources = await database.files.find(files.map(({ piecesRoot = '' }) => piecesRoot))
  const chunks: SealedChunk[] = []
  for (const file of files) {
    const candidates = sources.filter(
      ({ root, torrentId }) => root === file.piecesRoot && torrentId !== record.id,
    )
    for (const source of candidates) {
      const found = await chunksFrom(database, mapper, file, source)
      if (found === undefined) continue
      chunks.push(...found)
      break
    }
  }
  return chunks
}

/** `undefined` where the source does not have the file any more. */
async function chunksFrom(
  database: Database,
  mapper: PieceMapper,
  file: FileLayout,
  source: StoredFile & { readonly torrentId: TorrentId },
): Promise<readonly SealedChunk[] | undefined> {
  const chunks: SealedChunk[] = []
  for (const places of batchesOf(chunksOf(mapper, file), keysAtOnce)) {
    const first = source.firstOrdinal + chunks.length
    const keys = await database.chunkKeys(source.torrentId, first, places.length)
    const known = keys.filter((key) => key !== undefined)
    const lengths = await database.chunkLengths(known)
    for (const [index, place] of places.entries()) {
      const key = keys[index]
      if (key === undefined || lengths.get(key) !== place.lengthBytes) return undefined
      chunks.push({ ...place, key })
    }
  }
  const packed = Buffer.from(chunks.map(({ key }: { key: ChunkKey }) => key).join(''), 'hex')
  return rootOfChunkKeys(packed, mapper.chunkSizeBytes) === file.piecesRoot ? chunks : undefined
}

function chunksOf(
  mapper: PieceMapper,
  { index, lengthBytes }: FileLayout,
): readonly { readonly ordinal: number; readonly lengthBytes: number }[] {
  const first = mapper.chunkOrdinal(index, 0)
  return Array.from({ length: Math.ceil(lengthBytes / mapper.chunkSizeBytes) }, (_, chunk) => {
    const ordinal = first + chunk
    return { ordinal, lengthBytes: mapper.chunkLengthBytes(ordinal) }
  })
}

function isSealed(mapper: PieceMapper, completed: PieceSet, ordinal: number): boolean {
  const { first, end } = mapper.pieceRangeOfChunk(ordinal)
  for (let piece = first; piece < end; piece++) if (!completed.has(piece)) return false
  return true
}

/** Also asked again when some of the chunks turn out to be gone. */
export function piecesIn(
  mapper: PieceMapper,
  completed: PieceSet,
  chunks: readonly SealedChunk[],
): readonly number[] {
  const ordinals = new Set(chunks.map(({ ordinal }) => ordinal))
  const pieces = new Set<number>()
  for (const ordinal of ordinals) {
    const { first, end } = mapper.pieceRangeOfChunk(ordinal)
    for (let piece = first; piece < end; piece++) {
      if (completed.has(piece) || pieces.has(piece)) continue
      if (mapper.chunksOfPiece(piece).every((span) => ordinals.has(span.ordinal))) pieces.add(piece)
    }
  }
  return [...pieces].sort((a, b) => a - b)
}
