import { mkdtemp, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, importTorrent } from '../harness/bae-process.js'
import { needs } from '../harness/foreign-program.js'
import { makeEverything, makeLongPadding, makeSingle } from '../harness/kinds.js'
import { LibrarySeed } from '../harness/library-seed.js'
import { LibtorrentPeer } from '../harness/peers/libtorrent-peer.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { magnetOf } from '../harness/read-torrent.js'
import { SharedServer } from '../harness/shared-server.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { makeStrangeNames } from '../harness/strange-names.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'
import type { TorrentFile, TorrentKind } from '../harness/torrent-maker.js'
import { treeDigest } from '../harness/tree-digest.js'

interface Kind {
  readonly name: string
  readonly format: TorrentKind
  readonly make: (folder: string) => Promise<TorrentFile>
  /** Large enough that it can be killed in the middle. */
  readonly killed?: boolean
  readonly links?: boolean
  /** An export calls some of its files otherwise than libtorrent does. */
  readonly ownNames?: boolean
}

const formats = ['v1', 'padded', 'v2', 'hybrid'] as const
const kinds: readonly Kind[] = [
  ...formats.map((format) => ({
    name: `a tree with links, ${format}`,
    format,
    make: (folder: string) => makeEverything(folder, format),
    killed: true,
    links: true,
  })),
  ...(['v1', 'v2', 'hybrid'] as const).map((format) => ({
    name: `names that are not UTF-8 and names twice, ${format}`,
    format,
    make: (folder: string) => makeStrangeNames(folder, format),
    killed: true,
    ownNames: true,
  })),
  { name: 'padding that fills pieces', format: 'v1', make: makeLongPadding, killed: true },
  ...(['v1', 'v2'] as const).map((format) => ({
    name: `a single byte, ${format}`,
    format,
    make: (folder: string) => makeSingle(folder, Uint8Array.of(7), 16 * kibibyte, format),
  })),
  ...(['v1', 'v2', 'hybrid'] as const).map((format) => ({
    name: `pieces of 64 MiB, ${format}`,
    format,
    make: (folder: string) => makeSingle(folder, new Uint8Array(64 * mebibyte + 5), 64 * mebibyte, format),
  })),
]

let server: SharedServer
let library: BaeLibrary
let folder: string
let seed: LibtorrentSeed
let slowSeed: LibtorrentSeed
const torrents = new Map<string, TorrentFile>()
const imported = new Map<string, { readonly id: string; readonly pieces: number }>()

beforeAll(async () => {
  folder = await makeTemporaryFolder()
  server = await SharedServer.start()
  library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  await Promise.all(kinds.map(async ({ name, make }) => torrents.set(name, await make(folder))))
  seed = await LibtorrentSeed.start([...torrents.values()])
  slowSeed = await LibtorrentSeed.start([...torrents.values()], { rateBytesPerSecond: 100_000 })
})

afterAll(async () => {
  await Promise.all([seed.close(), slowSeed.close()])
  await library.close()
  await server.close()
  await removeFolder(folder)
})

/** Links of the torrent lead where they led, the one that left it is not there, and what was executable is. */
async function expectAttributes(made: string, content: string): Promise<void> {
  for (const link of ['link', 'chain', 'sub/folder link', 'sub/up'])
    expect(await readlink(join(made, link))).toBe(await readlink(join(content, link)))
  expect(await readdir(made)).not.toContain('out')
  expect((await stat(join(made, 'run.sh'))).mode & 0o100).toBe(0o100)
}

function completedOf({ name }: Kind) {
  const completed = imported.get(name)
  if (completed === undefined) throw new Error(`${name} was not imported`)
  return completed
}

function torrentOf({ name }: Kind): TorrentFile {
  const torrent = torrents.get(name)
  if (torrent === undefined) throw new Error(`${name} was not made`)
  return torrent
}

/** What an export must have of it, whatever it calls the files. */
async function contentOf(path: string, { ownNames }: Kind) {
  const digests = await plainFiles(path)
  return ownNames ? digests.map(({ sha256 }) => sha256).toSorted() : digests
}

const plainFiles = (path: string) => treeDigest(path, { leaveOutLinks: true })

it.for(kinds.map((kind) => [kind.name, kind] as const))(
  '%s: is imported, after kill -9 where it is long enough for that, and exported',
  async ([, kind], context) => {
    needs(context, 'python3-libtorrent')
    const torrent = torrentOf(kind)
    if (kind.killed) {
      await using importing = new BaeProcess(library, [
        'import',
        torrent.path,
        '--peer',
        slowSeed.address,
        '--json',
      ])
      await importing.whenProgress(60_000, ({ pieces }) => pieces > 0)
      await importing.kill()
    }
    const source = kind.killed ? await magnetOf(torrent, kind.format) : torrent.path
    const completed = await importTorrent(library, source, [seed])
    expect(completed).toMatchObject({ name: torrent.content.name, bytes: torrent.content.totalBytes })
    imported.set(kind.name, completed)
    const target = await mkdtemp(join(library.outputFolder, 'kind-'))
    const exported = await baeJson(library, ['export', completed.id, target, '--attributes'])
    expect(exported).toMatchObject({ bytes: torrent.content.totalBytes, links: kind.links ? 4 : 0 })
    const made = join(target, torrent.content.name)
    expect(await contentOf(made, kind)).toEqual(await contentOf(torrent.content.path, kind))
    if (kind.links) await expectAttributes(made, torrent.content.path)
  },
)

it('all of them verify, are given back to libtorrent, and leave nothing when they are removed', async (context) => {
  needs(context, 'python3-libtorrent')
  const reports = await baeJson<readonly { ok: number; pieces: number }[]>(library, ['verify'])
  expect(reports).toHaveLength(kinds.length)
  for (const report of reports) expect(report).toMatchObject({ ok: report.pieces, bad: [] })
  {
    await using back = await LibrarySeed.open(library, server.url)
    for (const kind of kinds) {
      const torrent = torrentOf(kind)
      const { id, pieces } = completedOf(kind)
      expect(await back.seed(await readFile(torrent.path), id)).toBe(pieces)
      await using peer = await LibtorrentPeer.start(torrent, { from: back.address })
      expect(await plainFiles(await peer.whenComplete(60_000))).toEqual(
        await plainFiles(torrent.content.path),
      )
    }
  }
  await Promise.all(
    Array.from(imported.values(), async ({ id }) =>
      expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 }),
    ),
  )
  expect(await library.chunkFiles()).toEqual([])
})
