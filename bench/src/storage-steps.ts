// storage-steps PLAN: takes whole chunks through the steps of a library, one step after the other, and prints what each costs.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ChunkKey,
  chunkKeyOf,
  DirectoryChunkStore,
  type StagedChunk,
  type TorrentId,
} from '@bae/storage'
import { openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { alignedBlocks } from './aligned-blocks.js'
import { forEachAtOnce } from './at-once.js'
import { makeRecord } from './made-record.js'
import { beginPhase } from './phase-clock.js'
import { serverCpuSeconds } from './server-usage.js'
import type { ChunkSteps, ChunkStepsPlan } from './storage-plan.js'

const callsAtOnce = 8
const chunksInBatch = 64

const plan = JSON.parse(process.argv[2] ?? '') as ChunkStepsPlan
const directory = join(plan.folder, 'library')
await mkdir(directory)
const store = await DirectoryChunkStore.open(directory)
const server = await openEmbeddedPostgres({ directory })
const database = await openTypeOrmDatabase({ url: server.url, schema: 'bae' })

/** What a process does first is slow: so many other chunks go before those that are measured. */
const chunksBefore = 64

async function costOf(chunks: number, work: () => Promise<void>): Promise<number> {
  const end = await beginPhase(() => serverCpuSeconds(server))
  await work()
  return ((await end()).cpuSeconds * 1e6) / chunks
}

async function record(id: TorrentId, keys: readonly ChunkKey[]): Promise<void> {
  for (let first = 0; first < keys.length; first += chunksInBatch) {
    const length = Math.min(chunksInBatch, keys.length - first)
    const completedPieces = Array.from({ length }, (_, at) => first + at)
    const sealedChunks = completedPieces.map((ordinal) => ({
      ordinal,
      key: keys[ordinal] as ChunkKey,
      lengthBytes: mebibyte,
    }))
    await database.recordProgress(id, { completedPieces, sealedChunks })
  }
}

/** The steps of one more torrent, of so many chunks from `first` of the endless row of different ones. */
async function measureSteps(first: number, chunks: number): Promise<Record<string, number>> {
  const ordinals = Array.from({ length: chunks }, (_, ordinal) => ordinal)
  const bytesOf = (ordinal: number) => alignedBlocks((first + ordinal) * mebibyte, mebibyte, mebibyte)
  const torrent = makeRecord(chunks)
  await database.saveTorrent(torrent)
  const place = (chunk: number): StagedChunk => ({ torrentId: torrent.id, fileIndex: 0, chunk })
  const keys: ChunkKey[] = []
  return {
    'written under a staging name': await costOf(chunks, () =>
      forEachAtOnce(ordinals, callsAtOnce, (chunk) => store.staging.write(place(chunk), 0, bytesOf(chunk))),
    ),
    'key, with the hash of all bytes': await costOf(chunks, async () => {
      for (const chunk of ordinals) keys.push(chunkKeyOf(bytesOf(chunk), mebibyte))
    }),
    'recorded, 64 at once': await costOf(chunks, () => record(torrent.id, keys)),
    sealed: await costOf(chunks, () =>
      forEachAtOnce(ordinals, callsAtOnce, (chunk) =>
        store.staging.seal(place(chunk), keys[chunk] as ChunkKey),
      ),
    ),
    flushed: await costOf(chunks, () => store.flush()),
  }
}

await measureSteps(plan.chunks, chunksBefore)
const fresh = await measureSteps(0, plan.chunks)
const known = await measureSteps(0, plan.chunks)
const steps: ChunkSteps = { fresh, known }
await database.close()
await server.close()
await store.close()
process.stdout.write(JSON.stringify(steps))
