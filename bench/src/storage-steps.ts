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
const ordinals = Array.from({ length: plan.chunks }, (_, ordinal) => ordinal)
const bytesOf = (ordinal: number) => alignedBlocks(ordinal * mebibyte, mebibyte, mebibyte)

async function costOf(work: () => Promise<void>): Promise<number> {
  const end = await beginPhase(() => serverCpuSeconds(server))
  await work()
  return ((await end()).cpuSeconds * 1e6) / plan.chunks
}

async function record(id: TorrentId, keys: readonly ChunkKey[]): Promise<void> {
  for (let first = 0; first < keys.length; first += chunksInBatch) {
    const completedPieces = ordinals.slice(first, first + chunksInBatch)
    const sealedChunks = completedPieces.map((ordinal) => ({
      ordinal,
      key: keys[ordinal] as ChunkKey,
      lengthBytes: mebibyte,
    }))
    await database.recordProgress(id, { completedPieces, sealedChunks })
  }
}

/** The steps for one more torrent of the same chunks. */
async function measureSteps(): Promise<Record<string, number>> {
  const torrent = makeRecord(plan.chunks)
  await database.saveTorrent(torrent)
  const place = (chunk: number): StagedChunk => ({ torrentId: torrent.id, fileIndex: 0, chunk })
  const keys: ChunkKey[] = []
  return {
    'written under a staging name': await costOf(() =>
      forEachAtOnce(ordinals, callsAtOnce, (chunk) => store.staging.write(place(chunk), 0, bytesOf(chunk))),
    ),
    'key, with the hash of all bytes': await costOf(async () => {
      for (const chunk of ordinals) keys.push(chunkKeyOf(bytesOf(chunk), mebibyte))
    }),
    'recorded, 64 at once': await costOf(() => record(torrent.id, keys)),
    sealed: await costOf(() =>
      forEachAtOnce(ordinals, callsAtOnce, (chunk) =>
        store.staging.seal(place(chunk), keys[chunk] as ChunkKey),
      ),
    ),
    flushed: await costOf(() => store.flush()),
  }
}

const fresh = await measureSteps()
const known = await measureSteps()
const steps: ChunkSteps = { fresh, known }
await database.close()
await server.close()
await store.close()
process.stdout.write(JSON.stringify(steps))
