import { spawnSync } from 'node:child_process'
import { chmod, chown, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, baeJson, baePath, importTorrent } from '../harness/bae-process.js'
import { ChildProgram } from '../harness/child-program.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { expectError, expectFailure } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { MountedFolder } from '../harness/mounted-folder.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { repositoryRoot } from '../harness/repository-root.js'
import { mebibyte } from '../harness/sizes.js'
import { SmallFileSystem } from '../harness/small-file-system.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const nobody = 65_534
const ownDatabase = { BAE_STATE: '' }

it('a read-only checkout in a private home, in a path with a space, serves its owner and root', async (context) => {
  await using library = await BaeLibrary.create()
  const home = join(library.root, 'ho me')
  const clone = join(home, 'a clone')
  await using _ = MountedFolder.readOnly(context, clone, repositoryRoot)
  await chmod(home, 0o700)
  await chown(home, nobody, nobody)
  const program = join(clone, relative(repositoryRoot, baePath))
  const demos = [
    { env: { ...library.env, ...ownDatabase, HOME: home, TMPDIR: home }, uid: nobody, gid: nobody },
    // Who serves root's database cannot come in: it needs a copy of the programs.
    { env: library.env },
  ].map(async (options) => {
    const env = { ...process.env, ...options.env }
    await using demo = new ChildProgram(process.execPath, [program, 'demo'], { cwd: clone, ...options, env })
    const { code } = await demo.whenExited(60_000)
    // On a slow machine the progress of the import, and nothing else.
    const said = demo.stderr.replace(/^\d+%, \d+ of .*\n/gm, '')
    return { code, said, isWhole: demo.stdout.includes('the same, byte for byte') }
  })
  const good = { code: 0, said: '', isWhole: true }
  expect(await Promise.all(demos)).toEqual([good, good])
  expect(await readdir(library.stateFolder)).toContainEqual(expect.stringMatching(/^postgresql-/))
})

it('a library on a file system without permissions and sockets has its database where BAE_STATE says', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.treeTorrent(mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create(ownDatabase)
  await using _ = MountedFolder.exfat(context, library.folder, 64 * mebibyte)
  const words = ['import', torrent.path, '--peer', seed.address]
  await expectFailure(library, words, { code: 'STORAGE_POSTGRES_FOLDER' })
  expect((await bae(library, words)).stderr).toContain('set BAE_STATE to a folder on a local disk')
  const env = { BAE_STATE: library.stateFolder }
  const { id, pieces } = await importTorrent(library, torrent.path, [seed], { env })
  // Where it is need not be said again.
  expect(await readFile(join(library.folder, 'postgres.place'), 'utf8')).toContain(library.stateFolder)
  await expectVerified(library, id, pieces)
  await expectExportEquals(library, id, torrent.content)
  expect(await baeJson(library, ['doctor'])).toMatchObject({ ok: true })
  expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 })
  expect(await library.chunkFiles()).toEqual([])
})

it('a library on a file system that knows no direct writes and tells no size works as others do', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(24 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create(ownDatabase)
  await using _ = MountedFolder.mount(context, library.folder, [
    'mount',
    '-t',
    'ramfs',
    'ramfs',
    library.folder,
  ])
  await chmod(library.folder, 0o755)
  const direct = spawnSync('dd', [
    'if=/dev/zero',
    `of=${join(library.folder, 'x')}`,
    'bs=4k',
    'count=1',
    'oflag=direct',
  ])
  expect(direct.status).toBe(1)
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  await expectVerified(library, id, pieces)
})

it('a quota that is used up stops an import, and the same command goes on when it is raised', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(24 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  await using disk = MountedFolder.btrfs(context, library.folder, 160 * mebibyte)
  await limit(disk, '12M')
  const words = ['import', torrent.path, '--peer', seed.address, '--json']
  expectError(await bae(library, words), 1, 'STORAGE_NO_SPACE')
  await limit(disk, 'none')
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  await expectVerified(library, id, pieces)
})

it('a quota that the database does not fit into is told in one sentence', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(24 * mebibyte, mebibyte)
  await using library = await BaeLibrary.create(ownDatabase)
  await using disk = MountedFolder.btrfs(context, library.folder, 160 * mebibyte)
  await limit(disk, '20M')
  await expectFailure(library, ['import', torrent.path], { code: 'STORAGE_NO_SPACE' })
  expect(await readdir(library.folder)).toEqual(['library.json', 'store'])
})

it('a disk that takes no more files stops an import, and the same command goes on when it does', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(24 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  // Each chunk is a file, and as a rule the first in a folder of its own: sealing finds none left, too.
  await using disk = SmallFileSystem.mount(context, library.folder, { sizeBytes: 96 * mebibyte, inodes: 36 })
  const words = ['import', torrent.path, '--peer', seed.address, '--json']
  expectError(await bae(library, words), 1, 'STORAGE_NO_SPACE')
  disk.allowInodes(1000)
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  await expectVerified(library, id, pieces)
})

/** A limit is a change of the file system as any other: while that writes what it was given, there may be no room for it. */
async function limit({ folder }: MountedFolder, bytes: string): Promise<void> {
  const complaint = () => {
    const { status, stderr } = spawnSync('btrfs', ['qgroup', 'limit', bytes, folder], { encoding: 'utf8' })
    return status === 0 ? undefined : stderr
  }
  await expect.poll(complaint).toBeUndefined()
}
