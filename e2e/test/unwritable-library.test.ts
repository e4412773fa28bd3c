import { spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { baePath } from '../harness/bae-process.js'
import { expectFailure } from '../harness/expect-failure.js'
import { makeHandmadeTorrent } from '../harness/handmade-torrent.js'
import { mebibyte } from '../harness/sizes.js'
import { SmallFileSystem } from '../harness/small-file-system.js'
import { listFiles } from '../harness/tree-digest.js'

const isRoot = process.getuid?.() === 0
const nobody = 65_534

it('a library folder that this user may not write is told in one sentence', async (context) => {
  context.skip(isRoot && !nobodyMayReadBae(), 'needs a checkout that every user may read')
  await using library = await BaeLibrary.create()
  const torrent = await writeTorrent(library)
  await mkdir(library.folder)
  await chmod(library.folder, 0o555)
  const user = isRoot ? { uid: nobody, gid: nobody } : {}
  await expectFailure(library, ['import', torrent], { code: 'IMPORT_LIBRARY_UNWRITABLE' }, user)
  expect(await listFiles(library.folder)).toEqual([])
  expect(await library.servers()).toEqual([])
})

it('a library on a read-only file system is told in one sentence', async (context) => {
  await using library = await BaeLibrary.create()
  await using _ = SmallFileSystem.mount(context, library.folder, { sizeBytes: mebibyte, readOnly: true })
  const torrent = await writeTorrent(library)
  await expectFailure(library, ['import', torrent], { code: 'IMPORT_LIBRARY_UNWRITABLE' })
  expect(await listFiles(library.folder)).toEqual([])
  expect(await library.servers()).toEqual([])
})

it('a library below a file is told in one sentence', async () => {
  await using library = await BaeLibrary.create()
  const torrent = await writeTorrent(library)
  const below = join(torrent, 'library')
  await expectFailure(library, ['import', torrent, '--library', below], { code: 'IMPORT_LIBRARY_UNWRITABLE' })
})

async function writeTorrent(library: BaeLibrary): Promise<string> {
  const path = join(library.root, 'good.torrent')
  await writeFile(path, makeHandmadeTorrent('good', new Uint8Array(40_000)).torrentFile)
  return path
}

/** Not so for a clone in root's own home. */
function nobodyMayReadBae(): boolean {
  const probe = spawnSync(process.execPath, [baePath, '--version'], { uid: nobody, gid: nobody, cwd: '/' })
  return probe.status === 0
}
