import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { LoopbackClient, peerAddress } from '../harness/loopback-client.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { magnetOf, readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

it('a magnet link brings its metadata and its bytes from the peer that is named', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(4 * mebibyte, 64 * kibibyte)
  const { infoHash } = await readTorrent(torrent)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const { id, pieces } = await importTorrent(
    library,
    `magnet:?xt=urn:btih:${Buffer.from(infoHash).toString('hex')}`,
    [seed],
  )
  await expectVerified(library, id, pieces)
  await expectExportEquals(library, id, torrent.content)

  // The same torrent as a file is the same import, and complete.
  const again = await importTorrent(library, torrent.path, [])
  expect(again.id).toBe(id)
  expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 })
})

it('a magnet link whose torrent has more pieces than libtorrent may take fails, and says so', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(4 * mebibyte, 64 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  // 2^21 of them are tens of gibibytes: the limit is set lower.
  await using client = await LoopbackClient.open({ settings: { max_piece_count: 63 } })
  const link = { magnetUri: await magnetOf(torrent, 'v1') }
  const added = await client.client.add(link, { peers: [peerAddress(seed.address)] })
  await expect(added.whenMetadata({ signal: AbortSignal.timeout(60_000) })).rejects.toMatchObject({
    code: 'CLIENT_METADATA_REFUSED',
    message: expect.stringMatching(/beyond a limit/),
    cause: { code: 'libtorrent:14' },
  })
})
