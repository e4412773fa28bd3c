import { chmod } from 'node:fs/promises'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, completedOf } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { runningServers } from '../harness/leftover-server.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
let folder: string
let server: EmbeddedPostgres

// To bae it is a server like any other. Whatever ends it, it is started again.
beforeAll(async () => {
  folder = await makeTemporaryFolder()
  server = await openEmbeddedPostgres({ directory: folder })
})

afterAll(async () => {
  await server.close()
  await chmod(folder, 0o755)
  await removeFolder(folder)
  await workshop.close()
})

it.for([
  ["kill -9 of the library's own server", 'SIGKILL', async () => await BaeLibrary.create()],
  ['a restart of the server of BAE_DATABASE_URL', 'SIGINT', inTheServer],
  ['kill -9 of the server of BAE_DATABASE_URL', 'SIGKILL', inTheServer],
] as const)('an import goes on over %s', async ([, signal, createLibrary], context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(48 * mebibyte, mebibyte / 4)
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond: 3 * mebibyte })
  await using library = await createLibrary()
  const args = ['import', torrent.path, '--peer', seed.address, '--json']
  await using importing = new BaeProcess(library, args)
  for (const share of [0.1, 0.4]) {
    await importing.whenProgress(60_000, ({ pieces, totalPieces }) => pieces > share * (totalPieces ?? 0))
    const [before] = await serversOf(library)
    if (before === undefined) throw new Error('there is no server to end')
    // Slow enough that there is more to come when the claim is asked for.
    if (share === 0.4) await seed.setRate(256 * kibibyte)
    process.kill(before, signal)
    await poll(60_000, 'another server', async () =>
      (await serversOf(library)).some((pid) => pid !== before) ? true : undefined,
    )
    const { pieces: recorded } = await importing.whenProgress(60_000, () => true)
    await importing.whenProgress(60_000, ({ pieces }) => pieces > recorded)
  }
  // The claim on it was had again.
  expect(await bae(library, args)).toMatchObject({ code: 1, stdout: expect.stringContaining('IMPORT_BUSY') })
  await seed.setRate(0)
  const { id, pieces } = completedOf(await importing.result(60_000))
  expect((await seed.count()).uploadedBytes).toBeLessThan(1.1 * torrent.content.totalBytes)
  await expectVerified(library, id, pieces)
  await expectExportEquals(library, id, torrent.content)
  expect(await library.servers()).toEqual([])
})

async function inTheServer(): Promise<BaeLibrary> {
  return await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
}

/** Its own, or the one of BAE_DATABASE_URL. */
async function serversOf(library: BaeLibrary): Promise<readonly number[]> {
  return await runningServers(library.env.BAE_DATABASE_URL === undefined ? library.root : folder)
}
