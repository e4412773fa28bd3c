// storage-subject PLAN: writes, flushes and reads bytes once, in the way that the plan (JSON) says, and prints figures.
import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { createStorageFactory, DirectoryChunkStore, type Storage, type TorrentId } from '@bae/storage'
import { openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { alignedBlocks, anyDigests } from './aligned-blocks.js'
import { forEachAtOnce } from './at-once.js'
import { dropPageCache } from './page-cache.js'
import { beginPhase } from './phase-clock.js'
import { serverCpuSeconds } from './server-usage.js'
import { oddFiles, type StorageFigures, type StoragePlan } from './storage-plan.js'

/** As many as a session has under way. */
const piecesAtOnce = 8
interface Subject {
  write(at: number, bytes: Uint8Array, digests: Uint8Array | undefined): Promise<void>
  /** Settles when all that was written is recorded, where there are records. */
  settle(): Promise<void>
  read(at: number, length: number): Promise<Uint8Array>
  /** All that was written is to be on the device. */
  flush(): Promise<void>
  close(): Promise<void>
  otherCpuSeconds(): Promise<number>
}

const plan = JSON.parse(process.argv[2] ?? '') as StoragePlan

async function openPlain(isDirect: boolean): Promise<Subject> {
  const path = join(plan.folder, 'plain')
  const flags = constants.O_RDWR | constants.O_CREAT | (isDirect ? constants.O_DIRECT : 0)
  const file = await open(path, flags)
  return {
    write: async (at, bytes) => void (await file.write(bytes, 0, bytes.length, at)),
    settle: async () => {},
    async read(at, length) {
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
      const input = await open(path, 'r')
      await input.read(bytes, 0, length, at)
      await input.close()
      return bytes
    },
    flush: () => file.datasync(),
    close: () => file.close(),
    otherCpuSeconds: async () => 0,
  }
}

async function openBae(): Promise<Subject> {
  const directory = join(plan.folder, 'library')
  await mkdir(directory)
  const chunkStore = await DirectoryChunkStore.open(directory)
  const server = await openEmbeddedPostgres({ directory })
  const database = await openTypeOrmDatabase({ url: server.url, schema: 'bae' })
  const open = createStorageFactory({ chunkStore, database })
  const id = '0199c0de-0000-7000-8000-000000000001' as TorrentId
  const layout = {
    infoHashV1: 'a'.repeat(40),
    name: 'measured',
    singleFile: plan.files === 1,
    pieceLengthBytes: plan.pieceLengthBytes,
    totalLengthBytes: plan.totalBytes,
    files: oddFiles(plan),
  }
  const storage: Storage = await open(id, layout, { infoSection: new Uint8Array(1) })
  const completions: Promise<void>[] = []
  const pieceOf = (at: number) => Math.floor(at / plan.pieceLengthBytes)
  return {
    async write(at, bytes, digests) {
      await storage.writePiece(pieceOf(at), 0, bytes, digests === undefined ? {} : { blockHashes: digests })
      // As a session does, which goes on to write while a piece is recorded.
      completions.push(storage.completePiece(pieceOf(at)))
    },
    settle: async () => void (await Promise.all(completions)),
    read: (at, length) => storage.readPiece(pieceOf(at), 0, length),
    flush: () => chunkStore.flush(),
    async close() {
      await storage.close()
      await database.close()
      await server.close()
      await chunkStore.close()
    },
    otherCpuSeconds: () => serverCpuSeconds(server),
  }
}

const subject = plan.way === 'bae' ? await openBae() : await openPlain(plan.way === 'direct')
const places = Array.from(
  { length: Math.ceil(plan.totalBytes / plan.pieceLengthBytes) },
  (_, piece) => piece * plan.pieceLengthBytes,
)
if (plan.isCold) dropPageCache()
const writing = await beginPhase(subject.otherCpuSeconds)
await forEachAtOnce(places, piecesAtOnce, async (at) => {
  const length = Math.min(plan.pieceLengthBytes, plan.totalBytes - at)
  const bytes = alignedBlocks(at, length, plan.pieceLengthBytes)
  await subject.write(at, bytes, plan.hashesGiven ? anyDigests(at, length) : undefined)
})
await subject.settle()
const written = await writing()
await subject.flush()
const flushed = await writing()
if (plan.isCold) dropPageCache()
const reading = await beginPhase(subject.otherCpuSeconds)
await forEachAtOnce(places, piecesAtOnce, async (at) => {
  const length = Math.min(plan.pieceLengthBytes, plan.totalBytes - at)
  const bytes = await subject.read(at, length)
  const first = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0)
  if (bytes.length !== length || first !== at + 1) throw new Error(`other bytes at ${at}`)
})
const read = await reading()
await subject.close()
const figures: StorageFigures = {
  writeSeconds: written.seconds,
  deviceSeconds: flushed.seconds,
  writeCpuSeconds: flushed.cpuSeconds,
  readSeconds: read.seconds,
  readCpuSeconds: read.cpuSeconds,
}
process.stdout.write(JSON.stringify(figures))
