import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serialize } from 'node:v8'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CacheManager } from '../src/cache/cache-manager.js'
import { chunkKeyOf } from '../src/chunk-key.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { collectGarbage } from '../src/collect-garbage.js'
import { collect } from '../src/compliance/expectations.js'
import { pieceBytes } from '../src/compliance/layouts.js'
import { allPieces, completedOf, writeWhole } from '../src/compliance/storage-subject.js'
import { destroyTorrent } from '../src/delete-chunks.js'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { rebuildDatabase } from '../src/rebuild-database.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { openTypeOrmDatabase, type TypeOrmDatabase } from '../src/typeorm/index.js'
import { type CrashTorrent, capacityBytes, chunkSizeBytes, crashTorrents } from './crash-torrents.js'

const sources = fileURLToPath(new URL('../src', import.meta.url))
const dist = new URL('../dist', import.meta.url).href

let directory: string
let server: EmbeddedPostgres
/** How often a whole life comes by each point. */
let hitsOf: ReadonlyMap<string, number>
/** The same before the third torrent, which is a v2 one, and with it until it goes. */
let hitsBeforeV2: ReadonlyMap<string, number>
let hitsWithV2: ReadonlyMap<string, number>

beforeAll(async () => {
  directory = await mkdtemp('/tmp/bae-crash-')
  await chmod(directory, 0o755)
  server = await openEmbeddedPostgres({ directory })
  const whole = await liveAndDie(undefined, 0)
  expect(whole.died).toBe(false)
  const is = (what: string, index: number) => (line: Life['said'][number]) =>
    line[0] === what && line[1] === index
  hitsOf = count(whole.said)
  hitsBeforeV2 = count(whole.said.slice(0, whole.said.findLastIndex(is('completed', 1))))
  hitsWithV2 = count(whole.said.slice(0, whole.said.findIndex(is('destroying', 2))))
})

afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

const points = await pointsOfSources()

describe('a process that dies', () => {
  it('comes by every point that the sources name', () => {
    expect(points.length).toBeGreaterThan(15)
    expect([...hitsOf.keys()].toSorted()).toEqual(points)
  })

  // The first time something happens is the easy one.
  it.concurrent.each(points)('where %s leaves a library that tells no lie', { timeout: 180_000 }, (point) =>
    dieAndLook(point, Math.ceil((hitsOf.get(point) ?? 0) / 2)),
  )

  it.concurrent.each(points)(
    'where %s with a v2 torrent leaves a library that tells no lie',
    { timeout: 180_000 },
    async (point) => {
      const before = hitsBeforeV2.get(point) ?? 0
      const within = (hitsWithV2.get(point) ?? 0) - before
      if (within > 0) await dieAndLook(point, before + Math.ceil(within / 2))
    },
  )
})

async function dieAndLook(point: string, hit: number): Promise<void> {
  const life = await lifeUntil(point, hit)
  expect(life.died).toBe(true)
  await checkCount(life)
  await checkRebuilt(life)
  await using library = await openLibrary(life)
  expect(await collect(library.local.leftovers({ beforeMs: Infinity, remove: false }))).toEqual([])
  for (const [index, torrent] of life.torrents.entries()) await checkTorrent(library, life, index, torrent)
  for (const { record } of life.torrents) await destroyTorrent(library, record.id)
  expect(await library.database.listTorrents()).toEqual([])
  await collect(collectGarbage(library, { graceMs: -60_000 }))
  expect(await collect(library.chunkStore.list(''))).toEqual([])
  expect(await collect(library.chunkStore.staging.listTorrents())).toEqual([])
  expect(await collect(library.chunkStore.manifests.list())).toEqual([])
  expect(await collect(library.chunkStore.leftovers({ beforeMs: Infinity, remove: false }))).toEqual([])
  expect(await library.database.orphans.unreferenced(undefined, 10)).toEqual([])
}

/** Records that are made anew, or were about to be, claim what is there; a torrent that was destroyed does not come back. */
async function checkRebuilt(life: Life): Promise<void> {
  // Some chunks may be in the remote store only, which these records know nothing of.
  if (life.said.some(([what]) => what === 'bounded')) return
  await using chunkStore = await DirectoryChunkStore.open(life.directory)
  await using database = await openTypeOrmDatabase({ url: server.url, schema: `${life.schema}_again` })
  const library = { chunkStore, database }
  for await (const step of rebuildDatabase(library, { addToRecords: true })) {
    if (!('record' in step)) throw step.error
    const { record } = step
    expect((await scrubTorrent({ ...library, record })).damage).toEqual([])
    const index = life.torrents.findIndex((torrent) => torrent.record.id === record.id)
    expect(life.said.some(([what, which]) => what === 'destroyed' && which === index)).toBe(false)
  }
}

interface Life {
  readonly torrents: readonly CrashTorrent[]
  readonly said: readonly (readonly [string, ...(string | number)[]])[]
  readonly died: boolean
  readonly schema: string
  readonly directory: string
  readonly remoteDirectory: string
}

interface OpenLibrary extends AsyncDisposable {
  readonly chunkStore: CacheManager
  readonly local: DirectoryChunkStore
  readonly database: TypeOrmDatabase
}

let lives = 0

/** How many records share a batch is chance: where a life comes by less often, another one dies earlier. */
async function lifeUntil(point: string, hit: number): Promise<Life> {
  const life = await liveAndDie(point, hit)
  return life.died || hit === 1 ? life : await lifeUntil(point, Math.ceil(hit / 2))
}

/** Runs the child in a new library; undefined: to its end. */
async function liveAndDie(diesAt: string | undefined, hit: number): Promise<Life> {
  const number = ++lives
  const library = join(directory, `library-${number}`)
  const torrents = crashTorrents(number)
  const object = new Uint8Array(100).fill(number)
  const plan = {
    diesAt,
    hit,
    directory: library,
    remoteDirectory: `${library}-remote`,
    capacityBytes,
    chunkSizeBytes,
    url: server.url,
    schema: `crash_${number}`,
    dist,
    torrents,
    object: { key: chunkKeyOf(object, chunkSizeBytes), bytes: object },
    stranger: randomUUID(),
  }
  const planFile = join(directory, `plan-${number}`)
  await writeFile(planFile, serialize(plan))
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('crash-child.js', import.meta.url)), planFile],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  const died = diesAt !== undefined && signal === 'SIGKILL'
  expect([code, signal]).toEqual(died ? [null, 'SIGKILL'] : [0, null])
  const said = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Life['said'][number])
  return {
    torrents,
    said,
    died,
    schema: plan.schema,
    directory: library,
    remoteDirectory: plan.remoteDirectory,
  }
}

/** As if it had no capacity, so that all torrents fit into what is checked. */
async function openLibrary(life: Life): Promise<OpenLibrary> {
  const local = await DirectoryChunkStore.open(life.directory)
  const remote = await DirectoryChunkStore.open(life.remoteDirectory)
  const database = await openTypeOrmDatabase({ url: server.url, schema: life.schema })
  const chunkStore = await CacheManager.open({ local, remote, database }, { chunkSizeBytes })
  const close = async (): Promise<void> => {
    await chunkStore.close()
    await database.close()
  }
  return { chunkStore, local, database, [Symbol.asyncDispose]: close }
}

/** What lies in the store is counted, and with all that is staged within the capacity. */
async function checkCount(life: Life): Promise<void> {
  if (!life.said.some(([what]) => what === 'bounded')) return
  await using database = await openTypeOrmDatabase({ url: server.url, schema: life.schema })
  const objects = await bytesBelow(join(life.directory, 'chunks'))
  const { localBytes } = await database.cache.usage()
  // One object was put past the records.
  expect(objects).toBeLessThanOrEqual(localBytes + 100)
  expect(objects + (await bytesBelow(join(life.directory, 'staging')))).toBeLessThanOrEqual(capacityBytes)
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** What was promised is there, what is claimed is right, and the rest can still come. */
async function checkTorrent(
  library: OpenLibrary,
  life: Life,
  index: number,
  torrent: CrashTorrent,
): Promise<void> {
  const { record, bytes } = torrent
  const { layout } = record
  const isGoing = life.said.some(([what, which]) => what === 'destroying' && which === index)
  const isKnown = (await library.database.findTorrent(record.id)) !== undefined
  if (life.said.some(([what, which]) => what === 'added' && which === index) && !isGoing)
    expect(isKnown).toBe(true)
  if (!isKnown && !isGoing) return
  if (life.said.some(([what, which]) => what === 'destroyed' && which === index))
    return expect(isKnown).toBe(false)

  const factory = createStorageFactory(library, { chunkSizeBytes })
  const storage = await factory(record.id, layout, record.metadata)
  const completed = new Set(await completedOf(storage))
  if (isKnown) for (const piece of written(life, index)) expect(completed).toContain(piece)
  for (const piece of allPieces(layout)) {
    if (!completed.has(piece)) {
      await writeWhole(storage, bytes, piece)
      await storage.completePiece(piece)
    }
    const expected = pieceBytes(layout, bytes, piece)
    expect(Buffer.compare(await storage.readPiece(piece, 0, expected.length), expected)).toBe(0)
  }
  await storage.close()
  expect((await scrubTorrent({ ...library, record })).damage).toEqual([])
  expect(await collect(library.local.staging.list(record.id))).toEqual([])
}

/** Pieces that must not have to be downloaded again: whose writing was told to the caller. */
function written(life: Life, index: number): ReadonlySet<number> {
  const pieces = new Set<number>()
  for (const [what, which, piece] of life.said) {
    if (what === 'written' && which === index && typeof piece === 'number') pieces.add(piece)
  }
  return pieces
}

async function pointsOfSources(): Promise<readonly string[]> {
  const names = await readdir(sources, { recursive: true })
  const texts = await Promise.all(
    names.filter((name) => name.endsWith('.ts')).map((name) => readFile(join(sources, name), 'utf8')),
  )
  const found = texts.flatMap((text) =>
    [...text.matchAll(/\bcrashPoint\('([^']+)'\)/g)].map(([, name]) => name ?? ''),
  )
  return found.toSorted()
}

function count(said: Life['said']): ReadonlyMap<string, number> {
  const hits = new Map<string, number>()
  for (const [what, name] of said) {
    if (what === 'point') hits.set(String(name), (hits.get(String(name)) ?? 0) + 1)
  }
  return hits
}
