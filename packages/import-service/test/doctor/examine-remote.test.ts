import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { examineRemote } from '../../src/doctor/examine-place.js'
import { openLibraryFolder } from '../../src/library/library-folder.js'
import { openRemoteFolder } from '../../src/library/remote-folder.js'
import { TemporaryFolder } from '../support/temporary-folder.js'

it('looks at the remote folder before there is one, and makes nothing', async () => {
  await using folder = await TemporaryFolder.create()
  const remote = join(folder.path, 'disk', 'remote')
  const isNew = { name: 'remote', status: 'ok', detail: `${remote}, new: the first import sets it up` }
  expect(await examineRemote(remote, join(folder.path, 'library'))).toEqual(isNew)
  await openLibraryFolder(join(folder.path, 'library'))
  expect(await examineRemote(remote, join(folder.path, 'library'))).toEqual(isNew)
  expect(await readdir(folder.path)).toEqual(['library'])
})

it('tells a remote folder that is not there any more from a new one', async () => {
  await using folder = await TemporaryFolder.create()
  const [library, remote] = [join(folder.path, 'library'), join(folder.path, 'remote')]
  await openRemoteFolder(remote, await openLibraryFolder(library))
  expect(await examineRemote(remote, library)).toEqual({ name: 'remote', status: 'ok', detail: remote })
  await rename(remote, join(folder.path, 'elsewhere'))
  expect(await examineRemote(remote, library)).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(/is its disk mounted\?$/),
    advice: expect.stringMatching(/BAE_REMOTE/),
  })
})

it('refuses a remote folder of another library', async () => {
  await using folder = await TemporaryFolder.create()
  const [library, remote] = [join(folder.path, 'library'), join(folder.path, 'remote')]
  await openRemoteFolder(remote, await openLibraryFolder(join(folder.path, 'other')))
  await openLibraryFolder(library)
  expect(await examineRemote(remote, library)).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(/belongs to another library/),
  })
})
