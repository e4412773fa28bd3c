import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportSnapshot, RebuildReport } from '@bae/import-service'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeBytes, baeJson, completedOf, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { type Payload, PseudoRandomBytes, writePseudoRandomFile } from '../harness/payload.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import type { TorrentFile, TorrentKind } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const sharedBytes = 5 * mebibyte + 12_345
const ownBytes = 2 * mebibyte + 77

it.for([
  ['two v1 torrents', 'v1', 'v1'],
  ['a v2 and a hybrid torrent', 'v2', 'hybrid'],
] as const)(
  'a library of %s with a common file is made anew when its database folder was deleted',
  async ([, ...kinds], context) => {
    needs(context, 'python3-libtorrent')
    const [first, second] = [
      await album(`first ${kinds[0]}`, mebibyte, kinds[0]),
      await album(`second ${kinds[1]}`, 32 * kibibyte, kinds[1]),
    ]
    await using seed = await LibtorrentSeed.start([first, second])
    await using library = await BaeLibrary.create()
    const one = await importTorrent(library, first.path, [seed])
    const two = await importTorrent(library, second.path, [seed])
    const before = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
    const size = await library.size()
    await loseDatabase(library)
    for (const command of ['list', 'gc']) {
      const refused = await bae(library, [command])
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('STORAGE_REBUILD_NEEDED')
    }

    const report = await baeJson<RebuildReport>(library, ['rebuild', '--verify'])
    expect(report.skipped).toEqual([])
    expect(report.imports.map(({ id }) => id)).toEqual([one.id, two.id])
    const again = await bae(library, ['rebuild'])
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('STORAGE_DATABASE_NOT_EMPTY')
    const times = { addedAtMs: expect.any(Number), seconds: null, completedAtMs: null }
    const after = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
    expect(after).toEqual(before.map((each) => ({ ...each, ...times })))
    expect(await library.size()).toEqual(size)
    const shared = await baeBytes(library, ['cat', one.id, 'shared.wav'])
    expect(Buffer.compare(shared, new PseudoRandomBytes('shared').next(sharedBytes))).toBe(0)

    // References are counted anew too: what both share goes with the last of them.
    await bae(library, ['remove', one.id])
    await expectVerified(library, two.id, two.pieces)
    await expectExportEquals(library, two.id, second.content)
    await bae(library, ['remove', two.id])
    expect(await library.chunkFiles()).toEqual([])
  },
)

it.for([
  ['was stopped', 'SIGINT', mebibyte],
  ['was killed', 'SIGKILL', 64 * kibibyte],
] as const)(
  'an import that %s goes on after a rebuild, and does not fetch what the store can prove',
  async ([, signal, pieceLengthBytes], context) => {
    needs(context, 'python3-libtorrent')
    const torrent = await workshop.fileTorrent(96 * mebibyte, pieceLengthBytes)
    // It gives no more than two thirds before the import has ended.
    const content = await readTorrent(torrent)
    await using seed = await RawSeed.start(content, { blocks: (64 * mebibyte) / (16 * kibibyte) })
    await using library = await BaeLibrary.create()
    const args = ['import', torrent.path, '--peer', seed.address, '--json']
    await using first = new BaeProcess(library, args)
    await first.whenProgress(
      60_000,
      ({ pieces, totalPieces }) => totalPieces > 0 && pieces / totalPieces >= 0.4,
    )
    first.signal(signal)
    await first.result(60_000)
    const [stopped] = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
    const staged = await stagedBytes(library)
    // Of what was killed the sealed chunks are not in its manifest; those that were being filled are there, if any were.
    const provable = signal === 'SIGINT' ? stopped!.bytes : staged / 2
    expect(stopped!.bytes).toBeGreaterThan(8 * mebibyte)
    await loseDatabase(library)

    const report = await baeJson<RebuildReport>(library, ['rebuild'])
    expect(report).toMatchObject({ imports: [{ id: stopped!.id }], skipped: [] })
    expect(await baeJson(library, ['list'])).toMatchObject([{ id: stopped!.id, state: 'downloading' }])
    const servedBefore = seed.servedBlocks
    seed.allow(Number.POSITIVE_INFINITY)
    await using second = new BaeProcess(library, args)
    const completed = completedOf(await second.result(60_000))
    expect(completed.id).toBe(stopped!.id)
    const uploaded = (seed.servedBlocks - servedBefore) * 16 * kibibyte
    expect(uploaded).toBeLessThanOrEqual(torrent.content.totalBytes - provable)
    await expectVerified(library, completed.id, completed.pieces)
    await expectExportEquals(library, completed.id, torrent.content)
  },
)

it('gc tells what a crash may have left, deletes it where it is not only asked to tell, and nothing else', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await album('kept', mebibyte, 'v1')
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  const size = await library.size()
  const store = join(library.folder, 'store')
  const key = 'ab'.repeat(32)
  await mkdir(join(store, 'chunks', 'ab'), { recursive: true })
  await writeFile(join(store, 'chunks', 'ab', key), 'orphan')
  const stranger = '0199c0de-0000-7000-8000-000000000001'
  await mkdir(join(store, 'staging', stranger))
  await writeFile(join(store, 'staging', stranger, '0-0'), 'orphan')
  const withOrphans = await library.size()
  const found = { manifest: 0, staging: 1, chunk: 0, object: 1, temporary: 0 }
  const told = await bae(library, ['gc', '--dry-run', '--json'])
  expect(told.events.at(-1)).toEqual({ event: 'done', dryRun: true, found })
  expect(await library.size()).toEqual(withOrphans)
  const deleted = await bae(library, ['gc', '--json'])
  expect(deleted.events).toEqual([
    { event: 'garbage', kind: 'staging', name: stranger },
    { event: 'garbage', kind: 'object', name: key },
    { event: 'done', dryRun: false, found },
  ])
  expect(await library.size()).toEqual(size)
  expect((await bae(library, ['gc'])).stdout).toBe('nothing to collect\n')
  await expectVerified(library, id, pieces)
})

/** Stops what may still use it, then deletes the cluster as an unlucky hand would. */
async function loseDatabase(library: BaeLibrary): Promise<void> {
  await bae(library, ['list'])
  expect(await library.servers()).toEqual([])
  await rm(library.stateFolder, { recursive: true })
}

async function stagedBytes(library: BaeLibrary): Promise<number> {
  const folder = join(library.folder, 'store', 'staging')
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  let bytes = 0
  for (const file of files) {
    // Holes have no blocks.
    if (file.isFile()) bytes += (await stat(join(file.parentPath, file.name))).blocks * 512
  }
  return bytes
}

/** A torrent of two files, one of which all albums share. */
async function album(name: string, pieceLengthBytes: number, kind: TorrentKind): Promise<TorrentFile> {
  const folder = join(await workshop.folder, 'albums')
  const path = join(folder, name)
  await mkdir(path, { recursive: true })
  await writePseudoRandomFile(join(path, 'shared.wav'), sharedBytes, 'shared')
  await writePseudoRandomFile(join(path, `${name}.wav`), ownBytes, name)
  const payload: Payload = { folder, name, path, totalBytes: sharedBytes + ownBytes }
  return workshop.torrentOf(payload, pieceLengthBytes, kind)
}
