// storage-subject PLAN: writes, flushes and reads bytes once, in the way that the plan (JSON) says, and prints figures.
import { execFileSync } from 'node:child_process'
import { constants, writeFileSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createStorageFactory, DirectoryChunkStore, type Storage, type TorrentId } from '@bae/storage'
import { openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { forEachAtOnce } from './at-once.js'
import { serverCpuSeconds } from './server-cpu.js'
import { oddFiles, type StorageFigures, type StoragePlan } from './storage-plan.js'

/** As many as a session has under way. */
const piecesAtOnce = 8
const blockBytes = 16_384
const digestBytes = 32
const bufferBytes = 64 << 20

/** Not among the types of Node 20. Its memory begins at a page of the machine, as that of the addon does. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } }

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
const memory = new Uint8Array(new WebAssembly.Memory({ initial: bufferBytes / 65_536 }).buffer)
for (let at = 0; at < memory.length; at++) memory[at] = (at * 2_654_435_761) >>> 11

/** Every block of every piece is different, so that no two chunks are one. */
function pieceAt(at: number): Uint8Array {
  const length = Math.min(plan.pieceLengthBytes, plan.totalBytes - at)
  const slots = Math.floor(bufferBytes / plan.pieceLengthBytes)
  const start = (Math.floor(at / plan.pieceLengthBytes) % slots) * plan.pieceLengthBytes
  const bytes = memory.subarray(start, start + length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let block = 0; block + 8 <= length; block += blockBytes) view.setFloat64(block, at + block + 1)
  return bytes
}

/** In place of those that come with a piece: that they are given, and not what they are, is measured. */
function digestsAt(at: number, length: number): Uint8Array {
  const digests = new Uint8Array(Math.ceil(length / blockBytes) * digestBytes)
  const view = new DataView(digests.buffer)
  for (let leaf = 0; leaf < digests.length; leaf += digestBytes) view.setFloat64(leaf, at + leaf + 1)
  return digests
}

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
    otherCpuSeconds: () => serverCpuSeconds(join(server.clusterDirectory, 'data')),
  }
}

/** The time and the CPU of all processes from here to the call of what it returns. */
async function clock(subject: Subject): Promise<() => Promise<{ seconds: number; cpuSeconds: number }>> {
  const otherBefore = await subject.otherCpuSeconds()
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  return async () => {
    const seconds = (performance.now() - startMs) / 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    const other = (await subject.otherCpuSeconds()) - otherBefore
    return { seconds, cpuSeconds: (user + system) / 1e6 + other }
  }
}

function dropPageCache(): void {
  execFileSync('sync')
  writeFileSync('/proc/sys/vm/drop_caches', '3')
}

const subject = plan.way === 'bae' ? await openBae() : await openPlain(plan.way === 'direct')
const places = Array.from(
  { length: Math.ceil(plan.totalBytes / plan.pieceLengthBytes) },
  (_, piece) => piece * plan.pieceLengthBytes,
)
dropPageCache()
const writing = await clock(subject)
await forEachAtOnce(places, piecesAtOnce, async (at) => {
  const bytes = pieceAt(at)
  await subject.write(at, bytes, plan.hashesGiven ? digestsAt(at, bytes.length) : undefined)
})
await subject.settle()
const written = await writing()
await subject.flush()
const flushed = await writing()
dropPageCache()
const reading = await clock(subject)
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
