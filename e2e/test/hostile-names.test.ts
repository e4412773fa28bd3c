import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CompletedEvent } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, baeBytes, importTorrent } from '../harness/bae-process.js'
import { expectFailure } from '../harness/expect-failure.js'
import { type HandmadeFile, type HandmadeTorrent, makeHandmadeTorrent } from '../harness/handmade-torrent.js'
import { PseudoRandomBytes } from '../harness/payload.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { listFiles, treeDigest } from '../harness/tree-digest.js'

// One library for all of them: what one torrent is called must not reach another.
let library: BaeLibrary

beforeAll(async () => {
  library = await BaeLibrary.create()
})

afterAll(() => library.close())

const invalidUtf8 = new Uint8Array([0x61, 0xff, 0xfe, 0x62])

const hostilePaths: readonly (readonly (string | Uint8Array)[])[] = [
  ['..', 'outside'],
  ['..', '..', '..', 'etc', 'cron.d', 'outside'],
  ['a', '..', '..', 'outside'],
  ['../../outside'],
  ['/etc/outside'],
  ['..\\..\\outside'],
  ['.', 'dot'],
  ['.'],
  ['..'],
  ['', ''],
  ['nul\u0000byte'],
  ['escape\u001b[2J\u001b]0;title\u0007'],
  ['new\nline\ttab\rreturn'],
  ['delete\u007f and c1 \u009b'],
  ['right\u202eto-left'],
  [invalidUtf8],
  ['con'],
  ['trailing. '],
  ['long '.repeat(80)],
  ['same'],
  ['same'],
  ['same', 'below'],
  ['.bae'],
  ['~', 'home'],
  ['-rf'],
]

const hostileNames: readonly (string | Uint8Array)[] = [
  '../outside',
  '..',
  '.',
  '/etc/outside',
  'nul\u0000and\u001b[31mred',
  '',
  invalidUtf8,
]

it('files whose paths try to leave the folder are imported, and exported inside it', async () => {
  const torrent = makeHandmadeTorrent('hostile', hostilePaths.map(hostileFile))
  const { id, files } = await expectSafe(torrent, hostilePaths.map(hostileFile))
  const known = hostilePaths.map(hostileFile).map((file) => sha256(file.bytes))
  for (const file of files.slice(0, 3))
    expect(known).toContain(sha256(await baeBytes(library, ['cat', id, file.path])))
})

it.for(hostileNames.map((name) => [Buffer.from(name).toString('hex'), name] as const))(
  'a torrent whose name is %s (hex) is imported, and exported inside the folder',
  async ([, name]) => {
    const files = [['one'], ['..', 'two'], ['folder', 'three']].map(hostileFile)
    await expectSafe(makeHandmadeTorrent(name, files), files)
  },
)

it.for(hostileNames.filter(isFileName).map((name) => [Buffer.from(name).toString('hex'), name] as const))(
  'a single file whose name is %s (hex) is imported, and exported inside the folder',
  async ([, name]) => {
    const file = hostileFile(['only'], 0)
    await expectSafe(makeHandmadeTorrent(name, file.bytes), [file])
  },
)

it.for(['', '.', '..'])('a single file that has only "%s" for a name is no valid torrent', async (name) => {
  const path = join(library.root, 'hostile.torrent')
  await writeFile(path, makeHandmadeTorrent(name, new Uint8Array(100)).torrentFile)
  await expectFailure(library, ['import', path], { code: 'IMPORT_INVALID_SOURCE' })
})

/** libtorrent makes a name of its own for a folder without one, and refuses a file without one. */
function isFileName(name: string | Uint8Array): boolean {
  return typeof name !== 'string' || !['', '.', '..'].includes(name)
}

/** Everything arrives below the export folder, once each. */
async function expectSafe(torrent: HandmadeTorrent, files: readonly HandmadeFile[]): Promise<CompletedEvent> {
  await using seed = await RawSeed.start(torrent)
  const folder = await mkdtemp(join(library.outputFolder, 'hostile-'))
  const path = join(library.root, 'hostile.torrent')
  await writeFile(path, torrent.torrentFile)
  const completed = await importTorrent(library, path, [seed])
  expect(completed.files).toHaveLength(files.length)
  expect(completed.name + completed.files.map((file) => file.path).join('')).not.toMatch(/[\p{Cc}\u202e]/u)

  const deep = join(folder, 'a/b/c/d/e')
  await mkdir(deep, { recursive: true })
  const exported = await bae(library, ['export', completed.id, deep])
  expect(exported, exported.stderr).toMatchObject({ code: 0 })
  expect(exported.stdout + exported.stderr).not.toMatch(/[^\P{Cc}\n]/u)
  const everything = await listFiles(folder)
  expect(everything.filter((file) => !file.startsWith('a/b/c/d/e/'))).toEqual([])
  const digests = (await treeDigest(deep)).map((digest) => digest.sha256)
  expect(digests.toSorted()).toEqual(files.map((file) => sha256(file.bytes)).toSorted())
  return completed
}

function hostileFile(path: readonly (string | Uint8Array)[], index: number): HandmadeFile {
  return { path, bytes: new PseudoRandomBytes(`hostile ${index}`).next(5000 + index * 1013) }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
