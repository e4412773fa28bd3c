import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseTorrentFile } from '@bae/native'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CompletedEvent } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, completedOf } from '../harness/bae-process.js'
import { expectExportEquals } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { makeBeyondFourGibibytes } from '../harness/kinds.js'
import { LibrarySeed } from '../harness/library-seed.js'
import { type Payload, PseudoRandomBytes } from '../harness/payload.js'
import { LibtorrentPeer } from '../harness/peers/libtorrent-peer.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { magnetOf } from '../harness/read-torrent.js'
import { SharedServer } from '../harness/shared-server.js'
import { kibibyte } from '../harness/sizes.js'
import { listFiles } from '../harness/tree-digest.js'
import { Workshop } from '../harness/workshop.js'

const pieceLengthBytes = 64 * kibibyte
/** Whole ones of these are what a file takes. */
const diskBlockBytes = 4096
/** No file begins or ends with a piece of v1, but for the first and the last. */
const sizes = { 'a.bin': 1_500_001, 'b.txt': 50_000, 'disc/c.bin': 400_003, 'disc/d.txt': 70_000, empty: 0 }

const workshop = new Workshop()
let server: SharedServer

beforeAll(async () => {
  server = await SharedServer.start()
})

afterAll(async () => {
  await server.close()
  await workshop.close()
})

async function makePayload(name: string): Promise<Payload> {
  const folder = await mkdtemp(join(await workshop.folder, 'choice-'))
  for (const [path, lengthBytes] of Object.entries(sizes)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true })
    await writeFile(join(folder, name, path), new PseudoRandomBytes(`${name} ${path}`).next(lengthBytes))
  }
  const totalBytes = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0)
  return { folder, name, path: join(folder, name), totalBytes }
}

async function importSome(library: BaeLibrary, args: readonly string[]): Promise<CompletedEvent> {
  return completedOf(await bae(library, ['import', ...args, '--json']))
}

/** A staged chunk begins with a hole where its first bytes have not come. */
async function bytesOnDisk(library: BaeLibrary, part: 'chunks' | 'staging'): Promise<number> {
  const folder = join(library.folder, 'store', part)
  const files = await Promise.all((await listFiles(folder)).map((path) => lstat(join(folder, path))))
  return files.reduce((sum, { blocks }) => sum + blocks * 512, 0)
}

async function expectExported(library: BaeLibrary, id: string, paths: readonly string[], payload: Payload) {
  const folder = await mkdtemp(join(library.outputFolder, 'some-'))
  await baeJson(library, ['export', id, folder])
  const exported = join(folder, payload.name)
  expect(await listFiles(exported)).toEqual(paths)
  for (const path of paths)
    expect((await readFile(join(exported, path))).equals(await readFile(join(payload.path, path)))).toBe(true)
}

it.for(['v1', 'v2', 'hybrid'] as const)(
  'of a %s torrent some files are imported and given back, then those of a magnet link, then the rest, each byte once',
  async (kind, context) => {
    needs(context, 'python3-libtorrent')
    const payload = await makePayload(`choice ${kind}`)
    const torrent = await workshop.torrentOf(payload, pieceLengthBytes, kind)
    await using seed = await LibtorrentSeed.start([torrent])
    await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
    const peer = ['--peer', seed.address]

    const some = await importSome(library, [torrent.path, ...peer, '--select', 'b.txt'])
    expect(some.files).toEqual([{ path: 'b.txt', bytes: 50_000 }])
    const [sealed, staged] = [await bytesOnDisk(library, 'chunks'), await bytesOnDisk(library, 'staging')]
    // What a piece of v1 has of other files comes with it, and nothing more; pieces of v2 have one file each.
    if (kind === 'v1')
      expect(sealed + staged).toBeLessThanOrEqual(some.pieces * pieceLengthBytes + 3 * diskBlockBytes)
    else expect([sealed - 50_000 < diskBlockBytes, staged]).toEqual([true, 0])
    expect(await baeJson(library, ['verify', some.id])).toMatchObject({ pieces: some.pieces, bad: [] })
    await expectExported(library, some.id, ['b.txt'], payload)
    const refused = await bae(library, ['cat', some.id, 'a.bin'])
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([
      1,
      '',
      expect.stringMatching(/not selected.*\[IMPORT_INCOMPLETE\]\n$/),
    ])

    {
      await using back = await LibrarySeed.open(library, server.url)
      const pieces = await back.seed(await readFile(torrent.path), some.id)
      expect(pieces).toBe(some.pieces)
      await using peer = await LibtorrentPeer.start(torrent, { from: back.address })
      const given = await readFile(join(await peer.whenPieces(pieces, 60_000), 'b.txt'))
      expect(given.equals(await readFile(join(payload.path, 'b.txt')))).toBe(true)
    }

    // 'disc/c.bin' by its place in the torrent, padding counted.
    const { files } = parseTorrentFile(await readFile(torrent.path)).layout
    const place = files.findIndex(({ path }) => path.at(-1) === 'c.bin')
    const magnet = `${await magnetOf(torrent, kind)}&so=${place}&x.pe=${seed.address}`
    const more = await importSome(library, [magnet])
    expect(more.id).toBe(some.id)
    await expectExported(library, more.id, ['b.txt', 'disc/c.bin'], payload)
    const all = await importSome(library, [torrent.path, ...peer])
    expect(all).toMatchObject({ id: some.id, bytes: payload.totalBytes })
    await expectExportEquals(library, all.id, payload)
    expect((await seed.count()).uploadedBytes).toBeLessThanOrEqual(all.pieces * pieceLengthBytes)
  },
)

it.for(['v1', 'v2', 'hybrid'] as const)(
  'killed with -9 an import of some files of a %s torrent goes on with them alone, and fetches no piece again',
  async (kind, context) => {
    needs(context, 'python3-libtorrent')
    const payload = await makePayload(`killed choice ${kind}`)
    const torrent = await workshop.torrentOf(payload, pieceLengthBytes, kind)
    await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond: 100_000 })
    await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
    const args = ['import', torrent.path, '--peer', seed.address, '--select', 'disc/**', '--json']
    {
      await using importing = new BaeProcess(library, args)
      await importing.whenProgress(60_000, ({ pieces }) => pieces >= 3)
      await importing.kill()
    }
    const [killed] = await baeJson<readonly { selected: { pieces: number; totalPieces: number } }[]>(
      library,
      ['list'],
    )
    expect(killed?.selected.pieces).toBeGreaterThanOrEqual(3)
    const before = (await seed.countWhenAlone()).uploadedBytes
    await seed.setRate(0)
    await using importing = new BaeProcess(library, args)
    const completed = completedOf(await importing.result(60_000))
    expect(completed).toMatchObject({ bytes: 470_003, pieces: killed?.selected.totalPieces })
    const missing = completed.pieces - (killed?.selected.pieces ?? 0)
    expect((await seed.count()).uploadedBytes - before).toBeLessThanOrEqual(missing * pieceLengthBytes)
    expect(await baeJson(library, ['verify', completed.id])).toMatchObject({
      pieces: completed.pieces,
      bad: [],
    })
    await expectExported(library, completed.id, ['disc/c.bin', 'disc/d.txt'], payload)
  },
)

it('some files of a v2 torrent are completed again after their database was lost', async (context) => {
  needs(context, 'python3-libtorrent')
  const payload = await makePayload('rebuilt choice')
  const torrent = await workshop.torrentOf(payload, pieceLengthBytes, 'v2')
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const chosen = ['a.bin', 'disc/c.bin']
  const select = chosen.flatMap((path) => ['--select', path])
  const some = await importSome(library, [torrent.path, '--peer', seed.address, ...select])
  await rm(library.stateFolder, { recursive: true })
  await baeJson(library, ['rebuild'])
  const [rebuilt] = await baeJson<readonly object[]>(library, ['list'])
  const selected = { files: 2, totalPieces: some.pieces }
  expect(rebuilt).toMatchObject({ id: some.id, state: 'completed', selected })
  expect(await baeJson(library, ['verify', some.id])).toMatchObject({ pieces: some.pieces, bad: [] })
  await expectExported(library, some.id, chosen, payload)
})

it('a file beyond 4 GiB comes alone, with the end of the one before it', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await makeBeyondFourGibibytes(await workshop.folder)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  const args = [torrent.path, '--peer', seed.address, '--select', 'small']
  const { id, pieces, bytes } = await importSome(library, args)
  expect([pieces, bytes]).toEqual([1, 300_000])
  expect(await baeJson(library, ['verify', id])).toMatchObject({ pieces: 1, bad: [] })
  await expectExported(library, id, ['small'], torrent.content)
})

it('a magnet link is listed by what its peers say, without a library', async (context) => {
  needs(context, 'python3-libtorrent')
  const payload = await makePayload('listed')
  const torrent = await workshop.torrentOf(payload, pieceLengthBytes, 'hybrid')
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const magnet = await magnetOf(torrent, 'hybrid')
  const listed = await baeJson<{ files: readonly object[] }>(library, [
    ...['import', magnet, '--peer', seed.address, '--list', '--select', '*.txt'],
  ])
  expect(listed).toMatchObject({ event: 'listed', name: 'listed', bytes: 120_000 })
  expect(listed.files).toContainEqual({ path: 'disc/d.txt', bytes: 70_000, selected: true })
  expect(listed.files).toContainEqual({ path: 'a.bin', bytes: 1_500_001, selected: false })
  expect((await seed.count()).uploadedBytes).toBe(0)
  expect(await library.size()).toEqual({ files: 0, bytes: 0 })
})
