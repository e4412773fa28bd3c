import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { baeJson } from '../harness/bae-process.js'
import { BaeService } from '../harness/bae-service.js'
import { poll } from '../harness/bounded-wait.js'
import { needs } from '../harness/foreign-program.js'
import { makeHandmadeTorrent } from '../harness/handmade-torrent.js'
import { runningServers } from '../harness/leftover-server.js'
import { LibraryRecords } from '../harness/library-records.js'
import { PseudoRandomBytes } from '../harness/payload.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { ServiceMember } from '../harness/service-member.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'
import type { TorrentFile } from '../harness/torrent-maker.js'

/** In full: 50 of 20 MiB. */
const { MANY_IMPORTS: count = '24', MANY_IMPORTS_MEBIBYTES: eachMebibytes = '3' } = process.env
const imports = Number(count)
const eachBytes = Number(eachMebibytes) * mebibyte
const totalBytes = imports * eachBytes
const pieceLengthBytes = 64 * kibibyte
const pieceCount = eachBytes / pieceLengthBytes
const activeDownloads = 5
/** Slow enough that others end their imports meanwhile. */
const seedRateBytesPerSecond = mebibyte
/** One wrong piece of each import. */
const wrongBlocks = 4
/** What a service that dies may have had of one import, beside its records: what was asked for, and a batch. */
const inFlightBytes = 4 * mebibyte
const limitMs = 120_000 + totalBytes / (mebibyte / 500)

interface ManyTorrent extends TorrentFile {
  readonly infoHash: Uint8Array
}

it('many imports from good, wrong and silent peers all complete, over a restart of the database and kill -9 of the service', {
  timeout: limitMs + 60_000,
}, async (context) => {
  needs(context, 'python3-libtorrent')
  await using folder = await TestFolder.make()
  await using server = await openEmbeddedPostgres({ directory: folder.path })
  await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  const torrents = await makeTorrents(library.temporaryFolder)
  await using peers = await Peers.start(torrents)
  const ids = await submitAll(library, torrents, peers)
  await using records = await LibraryRecords.open(library, server.url)

  await peers.givenPieces()
  await using first = await BaeService.start(library)
  await whenBusy(records, imports / 6)
  await restart(server)
  await using later = await poll(60_000, 'a server that answers', () =>
    LibraryRecords.open(library, server.url).catch(() => undefined),
  )
  await whenBusy(later, imports / 2)
  await first.kill()
  const givenBefore = await peers.givenPiecesWhenAlone()
  const atKill = await recordedPieces(later, ids)
  const lostPieces = [...givenBefore].filter((piece) => !atKill.has(piece))
  expect(lostPieces.length * pieceLengthBytes).toBeLessThanOrEqual(activeDownloads * inFlightBytes)

  await using _ = await BaeService.start(library)
  await whenCompleted(later, imports)
  const givenAfter = await peers.givenPieces()
  expect(givenAfter.size).toBeGreaterThan(0)
  expect([...givenAfter].filter((piece) => atKill.has(piece))).toEqual([])
  expect(peers.wrongBlocks).toBeGreaterThan(0)

  const verified = await baeJson<readonly { bad: readonly unknown[]; pieces: number }[]>(library, ['verify'])
  expect(verified.map(({ bad, pieces }) => [bad, pieces])).toEqual(Array(imports).fill([[], pieceCount]))
  const events = await later.events()
  expect(events.filter(({ to }) => to === 'failed')).toEqual([])
  expect(events.filter(({ cause }) => cause === 'finished')).toHaveLength(imports)
})

async function makeTorrents(folder: string): Promise<readonly ManyTorrent[]> {
  const torrents: ManyTorrent[] = []
  for (let number = 0; number < imports; number += 1) {
    const name = `${number} of many.bin`
    const bytes = new PseudoRandomBytes(name).next(eachBytes)
    const { torrentFile, infoHash } = makeHandmadeTorrent(name, bytes, pieceLengthBytes)
    const [path, payload] = [join(folder, `${number}.torrent`), join(folder, name)]
    await writeFile(path, torrentFile)
    await writeFile(payload, bytes)
    torrents.push({
      path,
      infoHash,
      pieceLengthBytes,
      content: { folder, name, path: payload, totalBytes: eachBytes },
    })
  }
  return torrents
}

/** Before the service: it finds all of them when it starts. Answers the info hash of each import. */
async function submitAll(
  library: BaeLibrary,
  torrents: readonly ManyTorrent[],
  peers: Peers,
): Promise<ReadonlyMap<string, string>> {
  await using member = await ServiceMember.open(library)
  const ids = new Map<string, string>()
  for (const torrent of torrents) {
    const id = await member.add(torrent.path, peers.addressesOf(torrent))
    ids.set(id, Buffer.from(torrent.infoHash).toString('hex'))
  }
  return ids
}

async function whenCompleted(records: LibraryRecords, enough: number): Promise<void> {
  await poll(limitMs, `${enough} imports complete`, async () =>
    (await completedImports(records)) >= enough ? true : undefined,
  )
}

/** The same, and others have something, but not all. */
async function whenBusy(records: LibraryRecords, enough: number): Promise<void> {
  await poll(limitMs, `${enough} imports complete and others begun`, async () => {
    const counts = [...(await records.completedPieces()).values()].map(({ size }) => size)
    const begun = sum(counts.filter((pieces) => pieces < pieceCount))
    const isBusy = begun > (activeDownloads * pieceCount) / 4
    return isBusy && (await completedImports(records)) >= enough ? true : undefined
  })
}

async function completedImports(records: LibraryRecords): Promise<number> {
  const states = [...(await records.states()).values()]
  return states.filter((state) => state === 'completed').length
}

/** INFO HASH/PIECE. */
async function recordedPieces(
  records: LibraryRecords,
  ids: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> {
  const completed = [...(await records.completedPieces())]
  return new Set(completed.flatMap(([id, pieces]) => [...pieces].map((piece) => `${ids.get(id)}/${piece}`)))
}

/** As an administrator does it; whoever has opened it starts it again. */
async function restart({ clusterDirectory }: EmbeddedPostgres): Promise<void> {
  const [before = 0] = await runningServers(clusterDirectory)
  process.kill(before, 'SIGINT')
  await poll(60_000, 'another server', async () =>
    (await runningServers(clusterDirectory)).some((pid) => pid !== before) ? true : undefined,
  )
}

class TestFolder implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<TestFolder> {
    return new TestFolder(await makeTemporaryFolder())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeFolder(this.path)
  }
}

/** Of each torrent three good seeds, one whose first blocks are wrong, and one that says it has everything and gives nothing. */
class Peers implements AsyncDisposable {
  readonly #good: readonly LibtorrentSeed[]
  readonly #wrong = new Map<ManyTorrent, RawSeed>()
  readonly #silent = new Map<ManyTorrent, RawSeed>()

  private constructor(good: readonly LibtorrentSeed[]) {
    this.#good = good
  }

  static async start(torrents: readonly ManyTorrent[]): Promise<Peers> {
    const options = { rateBytesPerSecond: seedRateBytesPerSecond }
    const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
    const peers = new Peers(
      await Promise.all(hosts.map((host) => LibtorrentSeed.start(torrents, { ...options, host }))),
    )
    const bytes = new Uint8Array(eachBytes)
    for (const torrent of torrents) {
      const nothing = { ...torrent, bytes }
      const wrong = await RawSeed.start(nothing, { host: '127.0.0.5', blocks: wrongBlocks })
      peers.#wrong.set(torrent, wrong)
      peers.#silent.set(torrent, await RawSeed.start(nothing, { host: '127.0.0.6', blocks: 0 }))
    }
    return peers
  }

  addressesOf(torrent: ManyTorrent): readonly string[] {
    const raw = [this.#wrong.get(torrent), this.#silent.get(torrent)]
    return [...raw, ...this.#good].flatMap((peer) => peer?.address ?? [])
  }

  get wrongBlocks(): number {
    return sum([...this.#wrong.values()].map(({ servedBlocks }) => servedBlocks))
  }

  /** Of which the good ones gave something since the last call, as INFO HASH/PIECE. */
  async givenPieces(): Promise<ReadonlySet<string>> {
    const given = await Promise.all(this.#good.map((seed) => seed.givenPieces()))
    const entries = given.flatMap((pieces) => Object.entries(pieces))
    return new Set(entries.flatMap(([infoHash, pieces]) => pieces.map((piece) => `${infoHash}/${piece}`)))
  }

  /** When the connections of who was killed are gone. */
  async givenPiecesWhenAlone(): Promise<ReadonlySet<string>> {
    await poll(60_000, 'seeds without peers', async () => {
      const counts = await Promise.all(this.#good.map((seed) => seed.count()))
      return counts.every(({ peers }) => peers === 0) ? true : undefined
    })
    return await this.givenPieces()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#good, ...this.#wrong.values(), ...this.#silent.values()]
    await Promise.all(all.map((peer) => peer.close()))
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
