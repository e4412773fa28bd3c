import type { CreateNativeSession, FullNativeSession, NativeSessionOptions } from '../native-session.js'
import { RecordingStorage } from './recording-storage.js'
import { createTestTorrent, type TestTorrent, type TestTorrentOptions } from './test-torrent.js'

/** A peer that has all of a torrent, at an address that `connectPeer` takes. */
export interface TestSeed {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

/** What the suite runs on. */
export interface NativeSessionSubject {
  readonly createSession: CreateNativeSession
  /** Makes the torrent reachable: for the addon a second session with the bytes in a file named `torrent.name`. */
  seed(torrent: TestTorrent): Promise<TestSeed>
}

/** No network but the loopback, so that only the peers of the test take part. */
const LOCAL_SESSION = {
  listenInterfaces: '127.0.0.1:0',
  settings: {
    enable_dht: false,
    enable_lsd: false,
    enable_upnp: false,
    enable_natpmp: false,
    allow_multiple_connections_per_ip: true,
    // A machine that is busy for some seconds loses a uTP connection, and who was lost is dialled again two minutes later.
    enable_outgoing_utp: false,
    min_reconnect_time: 1,
  },
}

export interface Scene {
  readonly subject: NativeSessionSubject
  /** A torrent of its own for each name and scene. */
  createTorrent(name: string, options?: TestTorrentOptions): TestTorrent
  /** A session on `storage`, closed when the scene ends. */
  openSession(storage: RecordingStorage, options?: Partial<NativeSessionOptions>): Promise<FullNativeSession>
  /** A session whose torrents are in folders. */
  openFilesSession(onAlert: NativeSessionOptions['onAlert']): Promise<FullNativeSession>
  seed(torrent: TestTorrent): Promise<TestSeed>
}

let scenes = 0

/** Runs `body`, and afterwards closes what it opened, also when it failed. */
export async function withScene(
  subject: NativeSessionSubject,
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const opened: { close(): Promise<void> }[] = []
  const number = ++scenes
  const scene: Scene = {
    subject,
    createTorrent: (name, options) => createTestTorrent(`${name}-${number}`, options),
    async openSession(storage, options) {
      const session = await subject.createSession({
        ...LOCAL_SESSION,
        handler: storage,
        onAlert: storage.onAlert,
        ...options,
      })
      opened.push(session)
      return session
    },
    async openFilesSession(onAlert) {
      const session = await subject.createSession({ ...LOCAL_SESSION, onAlert })
      opened.push(session)
      return session
    },
    async seed(torrent) {
      const seed = await subject.seed(torrent)
      opened.push(seed)
      return seed
    },
  }
  try {
    await body(scene)
  } finally {
    for (const each of opened) await each.close()
  }
}

/** A torrent of one session, fetched from a seed. */
export interface Download {
  readonly storage: RecordingStorage
  readonly session: FullNativeSession
  readonly torrent: TestTorrent
  readonly torrentId: string
  readonly handle: number
}

/** One session that fetches a torrent of its own from a seed. `prepare` sees the storage before the session does. */
export async function startDownload(
  scene: Scene,
  options: {
    readonly name: string
    readonly prepare?: (storage: RecordingStorage, torrent: TestTorrent) => void
    readonly havePieces?: (torrent: TestTorrent) => Uint8Array
    readonly session?: Partial<NativeSessionOptions>
  },
): Promise<Download> {
  const torrent = scene.createTorrent(options.name)
  const storage = new RecordingStorage()
  options.prepare?.(storage, torrent)
  const session = await scene.openSession(storage, options.session)
  return fetchTorrent(scene, session, storage, torrent, options.havePieces?.(torrent))
}

/** A second torrent in a session that has one already. */
export async function startAnother(
  scene: Scene,
  session: FullNativeSession,
  storage: RecordingStorage,
): Promise<Download> {
  return fetchTorrent(scene, session, storage, scene.createTorrent('another'), undefined)
}

async function fetchTorrent(
  scene: Scene,
  session: FullNativeSession,
  storage: RecordingStorage,
  torrent: TestTorrent,
  havePieces: Uint8Array | undefined,
): Promise<Download> {
  const seed = await scene.seed(torrent)
  const torrentId = `id-of-${torrent.name}`
  const { torrentFile } = torrent
  const handle = await session.addTorrent({ torrentId, torrentFile, ...(havePieces && { havePieces }) })
  session.connectPeer(handle, seed.host, seed.port)
  return { storage, session, torrent, torrentId, handle }
}

/** The storage index that a torrent has now. */
export function indexOf(storage: RecordingStorage, torrentId: string): number | undefined {
  return storage.calls('openStorage').findLast((call) => call.torrentId === torrentId)?.storageIndex
}

/** Pieces whose completion was asked for, in order of their numbers. */
export function completedOf({ storage, torrentId }: Download): readonly number[] {
  const index = indexOf(storage, torrentId)
  const calls = storage.calls('completePiece').filter((call) => call.storageIndex === index)
  return calls.map((call) => call.piece ?? -1).sort((a, b) => a - b)
}

export async function untilCompleted(
  download: Download,
  pieces: readonly number[] = allPieces(download.torrent),
): Promise<void> {
  await download.storage.until(`pieces ${pieces.join()} are completed`, () => {
    const completed = new Set(completedOf(download))
    return pieces.every((piece) => completed.has(piece))
  })
}

export function allPieces(torrent: TestTorrent): number[] {
  return Array.from({ length: torrent.pieceCount }, (_, piece) => piece)
}
