// mapper-subject FILES STATE [GIBIBYTES]: opens a torrent of 1 TiB, unless another size is given, once, in a process that has done nothing else, and prints figures.
// Run with --expose-gc.
import {
  createStorageFactory,
  MemoryChunkStore,
  MemoryDatabase,
  PieceMapper,
  type TorrentId,
  type TorrentLayout,
  type TorrentRecord,
} from '@bae/storage'
import type { MapperFigures } from './mapper-figures.js'

const totalBytes = Number(process.argv[4] ?? 1024) * 2 ** 30
const chunkSizeBytes = 1 << 20
const pieces = totalBytes / chunkSizeBytes
const mappings = 100_000

/** What the database says of the torrent. */
const haveBits = {
  none: () => 0,
  all: () => 0xff,
  half: (byte: number) => (byte * 2_654_435_761) >>> 24,
}

/** Answers at once, and copies nothing but the bits: what a real one costs is another question. */
class KnownTorrent extends MemoryDatabase {
  readonly #record: TorrentRecord
  readonly #have: Uint8Array

  constructor(record: TorrentRecord, have: Uint8Array) {
    super()
    this.#record = record
    this.#have = have
  }

  override async findTorrent(): Promise<TorrentRecord> {
    return this.#record
  }

  override async completedPieces(): Promise<Uint8Array> {
    return this.#have.slice()
  }
}

function layoutOf(fileCount: number): TorrentLayout {
  const usual = Math.floor(totalBytes / fileCount) - 1
  const files = Array.from({ length: fileCount }, (_, index) => ({
    index,
    path: [`${index}`],
    offsetBytes: index * usual,
    lengthBytes: index === fileCount - 1 ? totalBytes - index * usual : usual,
    kind: 'file' as const,
    executable: false,
  }))
  return {
    infoHashV1: 'a'.repeat(40),
    name: 'large',
    singleFile: false,
    pieceLengthBytes: chunkSizeBytes,
    totalLengthBytes: totalBytes,
    files,
  }
}

function usedBytes(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const state = process.argv[3] as keyof typeof haveBits
const layout = layoutOf(Number(process.argv[2]))
const id = '0199c0de-0000-7000-8000-000000000001' as TorrentId
const metadata = { infoSection: new Uint8Array(1), pieceHashesV1: new Uint8Array(20 * pieces) }
const record = { id, layout, metadata, chunkSizeBytes, addedAtMs: 0 }
const database = new KnownTorrent(
  record,
  Uint8Array.from({ length: pieces / 8 }, (_, byte) => haveBits[state](byte)),
)
const open = createStorageFactory({ chunkStore: new MemoryChunkStore(), database })

/** CPU time, of the collector's and the compiler's threads too: other programs on the machine do not count. */
function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

const usedBefore = usedBytes()
const making = process.cpuUsage()
const mapper = new PieceMapper(layout, { chunkSizeBytes })
const mapperMs = cpuMs(making)
const mapperBytes = usedBytes() - usedBefore

const opening = process.cpuUsage()
await open(id, layout, metadata)
const openMs = cpuMs(opening)

const mapping = process.cpuUsage()
let spans = 0
for (let n = 0; n < mappings; n++) spans += mapper.chunksOfPiece((n * 7919) % pieces).length
const mapNs = (cpuMs(mapping) * 1e6) / mappings
if (spans < mappings) throw new Error('a piece without chunks')

const figures: MapperFigures = { mapperMs, mapperBytes, openMs, mapNs }
process.stdout.write(JSON.stringify(figures))
