import { afterAll, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { needs } from '../harness/foreign-program.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

it('every peer that is named is dialled, also two at one address', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(mebibyte, 16 * kibibyte)
  const content = await readTorrent(torrent)
  // None of them gives anything, so that all are still wanted.
  const silent = { blocks: 0 }
  await using first = await RawSeed.start(content, silent)
  await using second = await RawSeed.start(content, silent)
  await using third = await RawSeed.start(content, { ...silent, host: '127.0.0.2' })
  await using library = await BaeLibrary.create()
  const peers = [first, second, third].flatMap((peer) => ['--peer', peer.address])
  await using importing = new BaeProcess(library, ['import', torrent.path, ...peers, '--json'])
  await importing.whenProgress(60_000, ({ state }) => state === 'downloading')
  for (const [number, peer] of [first, second, third].entries()) {
    await poll(60_000, `peer ${number} dialled`, () => peer.connectedAtMs)
  }
})
