import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../harness/exchange.js'
import { hasProgram, needs } from '../harness/foreign-program.js'
import { type ForeignPeer, foreignPeerPrograms, foreignPeers } from '../harness/peers/foreign-peers.js'
import { SeedingLibrary } from '../harness/seeding-library.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
let library: SeedingLibrary

/** Of which no two are padded by the same length. */
const fewFiles = 5

/**
 * libtorrent does not count a write when the peer's answer to it ends the connection before the write is told to have
 * been made, as between two seeds (`peer_connection::on_send_data`). A write takes no more than our client lets
 * libtorrent read ahead of a socket (`send_buffer_watermark`).
 */
const uncountedBytes = 4 * mebibyte

const torrents = [
  { kind: 'v1', pieceLengthBytes: 16 * kibibyte, files: 20 },
  { kind: 'v1', pieceLengthBytes: mebibyte, files: 20 },
  { kind: 'v2', pieceLengthBytes: 16 * kibibyte, files: 20 },
  { kind: 'v2', pieceLengthBytes: mebibyte, files: 20 },
  { kind: 'hybrid', pieceLengthBytes: 64 * kibibyte, files: 20 },
  { kind: 'hybrid', pieceLengthBytes: 64 * kibibyte, files: fewFiles },
] as const
type TorrentCase = (typeof torrents)[number]

async function torrentOf({ kind, pieceLengthBytes, files }: TorrentCase): Promise<TorrentFile> {
  return workshop.torrentOf(await workshop.tree(files), pieceLengthBytes, kind)
}

beforeAll(async () => {
  if (hasProgram('python3-libtorrent'))
    library = await SeedingLibrary.fill(await Promise.all(torrents.map(torrentOf)))
})

afterAll(async () => {
  await library?.close()
  await workshop.close()
})

// Torrents side by side, programs one after another: so it is known who got what our library gave.
describe.for(torrents)(
  '$kind, $files files, pieces of $pieceLengthBytes bytes:',
  { concurrent: true },
  (torrentCase) => {
    const programs = foreignPeerPrograms.filter((program) => takes(foreignPeers[program], torrentCase))

    it.for(programs)('goes from us to %s and back', { concurrent: false }, async (program, context) => {
      needs(context, 'python3-libtorrent', program)
      const torrent = await torrentOf(torrentCase)
      const seeding = library.torrent(torrent)
      const givenBeforeBytes = seeding.status.uploadedBytes
      const { client } = await exchange(foreignPeers[program], { library, torrent })
      expect(client).toMatch(foreignPeers[program].calledItself)
      const givenBytes = () => seeding.status.uploadedBytes - givenBeforeBytes
      await context.expect
        .poll(givenBytes)
        .toBeGreaterThanOrEqual(torrent.content.totalBytes - uncountedBytes)
    })
  },
)

function takes({ kinds, takesEqualPaddings }: ForeignPeer, torrent: TorrentCase): boolean {
  return (
    kinds.includes(torrent.kind) &&
    (torrent.kind !== 'hybrid' || takesEqualPaddings || torrent.files === fewFiles)
  )
}
