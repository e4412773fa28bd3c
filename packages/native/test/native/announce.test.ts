import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession } from '../../src/index.js'
import { createHeldCall } from '../../src/testing/held-call.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS, seedFromFile } from './files-seed.js'
import { WatchingPeer } from './watching-peer.js'

const HELD_PIECE = 3

let seed: TestSeed | undefined
let session: NativeSession | undefined
let peer: WatchingPeer | undefined

afterEach(async () => {
  peer?.close()
  await session?.close()
  await seed?.close()
})

it('tells no peer of a piece while its write is held, and does once it settled', async () => {
  const torrent = createTestTorrent('announced')
  const storage = new RecordingStorage()
  const held = createHeldCall()
  storage.before = (call) =>
    call.name === 'writePiece' && call.piece === HELD_PIECE ? held.promise : undefined
  seed = await seedFromFile(torrent)
  session = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  const handle = await session.addTorrent({ torrentId: 'announced', torrentFile: torrent.torrentFile })
  // Before that libtorrent hangs up on whoever comes.
  await storage.until('it is checked', () => storage.alerted('torrentChecked'))
  peer = await WatchingPeer.connect(session.listenPort, torrent.infoHashV1)
  session.connectPeer(handle, seed.host, seed.port)

  const others = Array.from({ length: torrent.pieceCount }, (_, piece) => piece).filter(
    (piece) => piece !== HELD_PIECE,
  )
  for (const piece of others) await peer.untilAnnounced(piece)
  expect(peer.announced).not.toContain(HELD_PIECE)
  expect(session.torrentStatus(handle).state).toBe('downloading')

  held.release()
  await peer.untilAnnounced(HELD_PIECE)
})
