import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportEvent, ImportSnapshot } from '@bae/import-service'
import { expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson } from '../harness/bae-process.js'
import { BaeService } from '../harness/bae-service.js'
import { poll } from '../harness/bounded-wait.js'
import { DatabaseRelay } from '../harness/database-relay.js'
import { type HandmadeTorrent, makeHandmadeTorrent } from '../harness/handmade-torrent.js'
import { PseudoRandomBytes } from '../harness/payload.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { SharedServer } from '../harness/shared-server.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { SmallFileSystem } from '../harness/small-file-system.js'

const totalBytes = 48 * mebibyte
const pieceLengthBytes = 256 * kibibyte
const pieceCount = totalBytes / pieceLengthBytes
const blocksOfPiece = pieceLengthBytes / (16 * kibibyte)

/** The service tries some ten times a second. In full: 600, so that also what waits for a database for half a minute gives up. */
const refusals = Number(process.env.DATABASE_REFUSALS ?? 60)

it('a service goes on with its imports after its database was away', async () => {
  await using server = await SharedServer.start()
  await using relay = await DatabaseRelay.start(server.url)
  await using library = await BaeLibrary.create({ BAE_DATABASE_URL: relay.url })
  await using service = await BaeService.start(library)
  await using seed = await startSeed(library)
  await using watching = await addAndWatch(library, seed)

  relay.cut()
  seed.allow(8 * blocksOfPiece)
  await poll(150_000, `${refusals} refused connections`, () => (relay.refused >= refusals ? true : undefined))
  relay.mend()
  seed.allow(Number.POSITIVE_INFINITY)
  await expectCompletes(library, watching)
  const events = await eventsOf(library)
  expect(events.filter(({ to }) => to === 'failed')).toEqual([])
  expect((await service.stop()).code).toBe(0)
})

it('a service without room says so, and goes on when there is room again', async (context) => {
  await using library = await BaeLibrary.create()
  await using disk = SmallFileSystem.mount(context, library.folder, { sizeBytes: 96 * mebibyte })
  await using _ = await BaeService.start(library)
  await using seed = await startSeed(library)
  await using watching = await addAndWatch(library, seed)

  const ballast = join(disk.folder, 'ballast')
  // The file system ends before the ballast does: what there is of it takes all the room.
  await writeFile(ballast, new Uint8Array(96 * mebibyte)).catch(() => {})
  seed.allow(Number.POSITIVE_INFINITY)
  await watching.whenProgress(60_000, ({ state }) => state === 'paused')
  const [{ pause, error } = {}] = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
  expect({ pause, error }).toMatchObject({ pause: 'noSpace' })
  await rm(ballast)
  await expectCompletes(library, watching)
  const steps = (await eventsOf(library)).map(({ to, reason }) => [to, reason.code, reason.error?.code])
  expect(steps).toEqual([
    ['queued', 'added', undefined],
    ['downloading', 'began', undefined],
    ['paused', 'full', 'STORAGE_NO_SPACE'],
    ['downloading', 'roomy', undefined],
    ['completed', 'finished', undefined],
  ])
})

/** It gives some pieces, and waits. */
async function startSeed(library: BaeLibrary): Promise<RawSeed> {
  const bytes = new PseudoRandomBytes('in trouble').next(totalBytes)
  const torrent: HandmadeTorrent = makeHandmadeTorrent('in trouble.bin', bytes, pieceLengthBytes)
  await writeFile(torrentPath(library), torrent.torrentFile)
  return await RawSeed.start(torrent, { blocks: 8 * blocksOfPiece })
}

/** From when some of it is there. */
async function addAndWatch(library: BaeLibrary, seed: RawSeed): Promise<BaeProcess> {
  const { id } = await baeJson<{ id: string }>(library, ['add', torrentPath(library), '--peer', seed.address])
  const watching = new BaeProcess(library, ['watch', id, '--json'])
  await watching.whenProgress(60_000, ({ pieces }) => pieces > 4)
  return watching
}

async function expectCompletes(library: BaeLibrary, watching: BaeProcess): Promise<void> {
  expect((await watching.result(200_000)).code).toBe(0)
  const verified = await baeJson<readonly object[]>(library, ['verify'])
  expect(verified).toMatchObject([{ pieces: pieceCount, bad: [] }])
}

async function eventsOf(library: BaeLibrary): Promise<readonly ImportEvent[]> {
  const { stdout } = await bae(library, ['events', '--json'])
  const lines = stdout.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as ImportEvent)
}

function torrentPath(library: BaeLibrary): string {
  return join(library.temporaryFolder, 'in trouble.torrent')
}
