import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TorrentStatus } from '@bae/client'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ChildProgram } from '../harness/child-program.js'
import { manyTorrentFiles, openManyClient } from '../harness/many-torrents.js'
import { repositoryRoot } from '../harness/repository-root.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'

const count = 2_000
const limitMs = 120_000

it('keeps 2,000 torrents in one client through a kill, a pause and their removal', {
  timeout: 2 * limitMs,
}, async () => {
  const folder = await makeTemporaryFolder()
  onTestFinished(() => removeFolder(folder))
  const program = join(repositoryRoot, 'e2e/dist/harness/many-torrents.js')
  await using adder = new ChildProgram(process.execPath, [program, folder, String(count)])
  const added = JSON.parse(await adder.nextLine(limitMs)) as string[]
  expect(new Set(added).size).toBe(count)
  adder.signal('SIGKILL')
  await adder.whenExited(limitMs)

  const { client, library } = await openManyClient(folder)
  onTestFinished(() => client.close())
  const { torrents, failures } = await client.restore()
  expect(failures).toEqual([])
  expect(torrents.map(({ id }) => id).sort()).toEqual(added.sort())
  // libtorrent may still ask for what the storages of the last ones hold.
  await vi.waitUntil(() => torrents.every(({ status }) => status.state === 'downloading'), {
    timeout: limitMs,
  })
  // What came back is what was there: its info hashes are taken.
  const [first] = manyTorrentFiles(1)
  expect(added).toContain((await client.add(first ?? '')).id)
  expect(client.list()).toHaveLength(count)

  const paused = new Set<string>()
  const allPaused = new Promise<void>((resolve) => {
    client.on('statusUpdated', ({ statuses }: { statuses: ReadonlyMap<string, TorrentStatus> }) => {
      for (const [id, { state }] of statuses) if (state === 'paused') paused.add(id)
      if (paused.size === count) resolve()
    })
  })
  for (const torrent of torrents) torrent.pause()
  await allPaused
  expect((await client.statistics()).torrentsByState).toEqual({ paused: count })

  await Promise.all(torrents.map(({ id }) => client.remove(id, { deleteData: true })))
  expect(client.list()).toEqual([])
  const left = await client.statistics()
  expect(left).toMatchObject({ torrents: 0, storage: { openStorages: 0, failedCalls: 0 } })
  expect(library.openStorages).toEqual([])
  expect(await readdir(folder)).toEqual([])
})
