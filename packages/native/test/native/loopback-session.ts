import { afterEach } from 'vitest'
import { createNativeSession, type NativeSessionOptions } from '../../src/index.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { pieceBits, type TestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS } from './files-seed.js'

export type Session = Awaited<ReturnType<typeof createNativeSession>>

const sessions: Session[] = []

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
})

/** A session that meets nobody but the peers of the test; closed when the test ends. */
export async function openLoopbackSession(options: Partial<NativeSessionOptions> = {}): Promise<Session> {
  const session = await createNativeSession({
    onAlert: () => {},
    listenInterfaces: '127.0.0.1:0',
    ...options,
    settings: { ...LOOPBACK_SETTINGS, ...options.settings },
  })
  sessions.push(session)
  return session
}

export function everyPiece(torrent: TestTorrent): number[] {
  return Array.from({ length: torrent.pieceCount }, (_, piece) => piece)
}

/** A storage that has the given pieces of the torrent, all unless told. */
export function storageOf(
  torrent: TestTorrent,
  pieces: readonly number[] = everyPiece(torrent),
): RecordingStorage {
  const storage = new RecordingStorage()
  storage.source = torrent
  storage.havePieces = pieceBits(torrent, pieces)
  return storage
}

/** A torrent in a session of its own, whose storage has the given pieces. */
export async function openTorrent(
  torrent: TestTorrent,
  pieces?: readonly number[],
): Promise<{ session: Session; storage: RecordingStorage; handle: number }> {
  const storage = storageOf(torrent, pieces)
  const session = await openLoopbackSession({ handler: storage, onAlert: storage.onAlert })
  const handle = await session.addTorrent({ torrentId: torrent.name, torrentFile: torrent.torrentFile })
  await storage.until('the torrent is checked', () => storage.alerted('torrentChecked'))
  return { session, storage, handle }
}

/** Looks every few milliseconds, as libtorrent's states have no event; rejects where that takes too long. */
export async function untilTrue(what: string, condition: () => boolean): Promise<void> {
  const deadlineAtMs = Date.now() + 45_000
  while (!condition()) {
    if (Date.now() > deadlineAtMs) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
