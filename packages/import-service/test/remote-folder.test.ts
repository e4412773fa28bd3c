import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLibraryFolder } from '../src/library/library-folder.js'
import { openRemoteFolder } from '../src/library/remote-folder.js'
import { TemporaryFolder } from './support/temporary-folder.js'

const refused = (why: string) => ({
  code: 'IMPORT_REMOTE_INVALID',
  message: expect.stringContaining(why),
})

describe('a remote folder', () => {
  it('is set up once, and found again, also where it was moved to', async () => {
    await using folder = await TemporaryFolder.create()
    const library = await openLibraryFolder(join(folder.path, 'library'))
    const remote = join(folder.path, 'disk', 'remote')
    for (let time = 0; time < 2; time++) expect(await openRemoteFolder(remote, library)).toBe(remote)
    await rename(remote, `${remote}-moved`)
    await openRemoteFolder(`${remote}-moved`, library)
  })

  it('is not made anew where its disk is not mounted', async () => {
    await using folder = await TemporaryFolder.create()
    const library = await openLibraryFolder(join(folder.path, 'library'))
    const remote = join(folder.path, 'remote')
    await openRemoteFolder(remote, library)
    await rename(remote, `${remote}-away`)
    await expect(openRemoteFolder(remote, library)).rejects.toMatchObject(refused('mounted'))
    expect((await readdir(folder.path)).sort()).toEqual(['library', 'remote-away'])
  })

  it('is not made anew either where a crash came before the library had a note of it', async () => {
    await using folder = await TemporaryFolder.create()
    const library = await openLibraryFolder(join(folder.path, 'library'))
    const remote = join(folder.path, 'remote')
    await openRemoteFolder(remote, library)
    await rm(join(library.directory, 'remote.json'))
    await openRemoteFolder(remote, library)
    await rename(remote, `${remote}-away`)
    await expect(openRemoteFolder(remote, library)).rejects.toMatchObject(refused('mounted'))
  })

  it('of another library, or of nobody knows which, is refused', async () => {
    await using folder = await TemporaryFolder.create()
    const [a, b] = [
      await openLibraryFolder(join(folder.path, 'a')),
      await openLibraryFolder(join(folder.path, 'b')),
    ]
    const remote = join(folder.path, 'remote')
    await openRemoteFolder(remote, a)
    await expect(openRemoteFolder(remote, b)).rejects.toMatchObject(refused(a.id))
    await writeFile(join(remote, 'bae-remote.json'), 'not JSON')
    await expect(openRemoteFolder(remote, a)).rejects.toMatchObject(refused('damaged'))
  })

  it('in the library or around it is refused', async () => {
    await using folder = await TemporaryFolder.create()
    const library = await openLibraryFolder(join(folder.path, 'library'))
    for (const remote of [
      library.directory,
      library.storeDirectory,
      join(library.directory, 'new'),
      folder.path,
    ])
      await expect(openRemoteFolder(remote, library)).rejects.toMatchObject(refused('each other'))
  })
})
