import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, baeJson, completedOf } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const totalBytes = 48 * mebibyte

it('processes of one library share its PostgreSQL, and the last one out stops it', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  // It gives no more before the others are done, however long that takes.
  await using seed = await RawSeed.start(await readTorrent(torrent), {
    blocks: (8 * mebibyte) / (16 * kibibyte),
  })
  await using library = await BaeLibrary.create()
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 0)
  const [server] = await library.servers()
  expect(server).toBeDefined()
  const lists = await Promise.all([1, 2, 3].map(() => baeJson<unknown[]>(library, ['list'])))
  expect(lists.map((list) => list.length)).toEqual([1, 1, 1])
  expect(await library.servers()).toEqual([server])
  seed.allow(Number.POSITIVE_INFINITY)
  completedOf(await importing.result(60_000))
  await poll(60_000, 'PostgreSQL stopping', async () =>
    (await library.servers()).length === 0 ? true : undefined,
  )
})

it('a PostgreSQL that a killed bae left running is adopted, then stopped', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond: 8 * mebibyte })
  await using library = await BaeLibrary.create()
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 0)
  await importing.kill()
  expect(await baeJson<unknown[]>(library, ['list'])).toHaveLength(1)
  await poll(60_000, 'PostgreSQL stopping', async () =>
    (await library.servers()).length === 0 ? true : undefined,
  )
})

it('five commands that start at once in a new library make one database', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrents = await Promise.all(
    [1, 2, 3, 4, 5].map((size) => workshop.fileTorrent(size * mebibyte + size, mebibyte)),
  )
  await using seed = await LibtorrentSeed.start(torrents)
  await using library = await BaeLibrary.create()
  const imports = torrents.map(async (torrent) => {
    await using importing = new BaeProcess(library, [
      'import',
      torrent.path,
      '--peer',
      seed.address,
      '--json',
    ])
    return completedOf(await importing.result(60_000))
  })
  await Promise.all(imports)
  expect(await baeJson<unknown[]>(library, ['list'])).toHaveLength(5)
})
