import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createNativeSession, createTorrentFile, parseMagnet, parseTorrentFile } from '../../src/index.js'
import { createTestTorrent } from '../../src/testing/test-torrent.js'
import { openTorrent, type Session } from './loopback-session.js'

function givenAway(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

const rubbish: readonly unknown[] = [
  undefined,
  null,
  true,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  0.5,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  1e300,
  10n,
  '',
  'text',
  '\0',
  '\ud800',
  'x'.repeat(100_000),
  Symbol('x'),
  () => 1,
  {},
  [],
  [undefined],
  [[]],
  [-1],
  [{}],
  [{ url: 7 }],
  [{ first: 'nowhere' }],
  [{ first: '1.2.3.4', last: '1.2.3.3' }],
  [{ first: '1.2.3.4', last: '::1' }],
  new Array(1000).fill(9),
  new Array(4_000_000),
  { url: '' },
  { url: 'http://a', tier: 256 },
  { paused: 'no' },
  { maxUploads: -1 },
  { maxConnections: 1 },
  new Uint8Array(),
  new Uint8Array(100),
  givenAway(),
  new Float64Array(3),
  new DataView(new ArrayBuffer(4)),
  new Proxy([], {}),
  new Date(),
]

/** Whoever gets rubbish either takes it or says so with a code of ours. */
function expectCode(what: string, error: unknown): void {
  expect(error, what).toMatchObject({
    name: 'NativeError',
    code: expect.stringMatching(
      /^NATIVE_(INVALID_ARGUMENT|INVALID_SETTING|INVALID_TORRENT|UNKNOWN_TORRENT|IO)$/,
    ),
  })
}

async function callWith(what: string, call: () => unknown): Promise<void> {
  try {
    await call()
  } catch (error) {
    expectCode(what, error)
  }
}

const ofTorrent = [
  'pauseTorrent',
  'resumeTorrent',
  'connectPeer',
  'torrentStatus',
  'torrentStatuses',
  'recheckTorrent',
  'torrentPeers',
  'torrentFlags',
  'setTorrentFlags',
  'torrentLimits',
  'setTorrentLimits',
  'trackers',
  'addTracker',
  'replaceTrackers',
  'forceReannounce',
  'scrapeTrackers',
  'webSeeds',
  'addWebSeed',
  'removeWebSeed',
  'filePriorities',
  'setFilePriorities',
  'piecePriorities',
  'setPiecePriorities',
  'setPieceDeadline',
  'resetPieceDeadline',
  'clearPieceDeadlines',
  'fileProgress',
  'pieceAvailability',
  'pieceMap',
  'saveResumeData',
] as const
const ofSession = ['applySettings', 'setIpFilter', 'addTorrent', 'removeTorrent'] as const

it('lets no argument of a wrong kind do harm', async () => {
  const torrent = createTestTorrent('rubbish')
  const { session, storage, handle } = await openTorrent(torrent, [0, 3])
  const methods = session as unknown as Record<string, (...given: unknown[]) => unknown>
  for (const name of [...ofTorrent, ...ofSession]) {
    const call = (...given: unknown[]) => callWith(name, () => methods[name]?.apply(session, given))
    await call()
    for (const value of rubbish) {
      await call(value)
      if ((ofSession as readonly string[]).includes(name)) continue
      await call(handle, value)
      await call(handle, value, value)
      await call(handle, 0, value)
      await call(handle, value, 1)
    }
  }
  expect(session.torrentStatus(handle).handle).toBe(handle)
  await session.removeTorrent(handle)
  expect(storage.calls('closeStorage')).toHaveLength(1)
})

it('lets no argument of a wrong kind do harm outside of sessions', async () => {
  for (const value of rubbish) {
    await callWith('parseMagnet', () => parseMagnet(value as string))
    await callWith('parseTorrentFile', () => parseTorrentFile(value as Uint8Array))
    if (typeof value !== 'string')
      await callWith('createTorrentFile', () => createTorrentFile(value as string))
    for (const option of [
      'onAlert',
      'handler',
      'settings',
      'listenInterfaces',
      'maxHalfPieceBytes',
      'state',
    ]) {
      await callWith(`createNativeSession ${option}`, async () => {
        const options = { listenInterfaces: '127.0.0.1:0', onAlert: () => {}, [option]: value }
        const session = await createNativeSession(options as Parameters<typeof createNativeSession>[0])
        await session.close()
      })
    }
    await callWith('createNativeSession', () => createNativeSession(value as never))
  }
})

it('leaves an exception of the caller\u2019s own object as it is', async () => {
  const { session, handle } = await openTorrent(createTestTorrent('getters'), [])
  const hostile = {
    get url(): string {
      throw new Error('thrown by a getter')
    },
  }
  expect(() => session.addTracker(handle, hostile)).toThrowError('thrown by a getter')
  const closing = {
    get url(): string {
      void session.close()
      return 'http://a/'
    },
  }
  // It may be gone by then, or not yet.
  try {
    session.addTracker(handle, closing)
  } catch (error) {
    expect(error).toMatchObject({ code: 'NATIVE_UNKNOWN_TORRENT' })
  }
  expect(() => session.torrentStatus(handle)).toThrowError(
    expect.objectContaining({ code: 'NATIVE_SESSION_CLOSED' }),
  )
})

const closers: readonly (readonly [string, (session: Session, close: () => never[]) => unknown])[] = [
  [
    'applySettings',
    (session, close) =>
      session.applySettings({
        get upload_rate_limit() {
          return close().length
        },
      }),
  ],
  [
    'setIpFilter',
    (session, close) =>
      session.setIpFilter([
        {
          get first() {
            return `1.2.3.${close().length}`
          },
        },
      ]),
  ],
  [
    'addTorrent',
    (session, close) =>
      session.addTorrent({
        torrentId: 'a',
        infoHash: 'a'.repeat(40),
        get peers() {
          return close()
        },
      }),
  ],
  [
    'torrentStatuses',
    (session, close) => session.torrentStatuses(Object.defineProperty([], 0, { get: () => close().length })),
  ],
]

it.each(closers)('%s of a session that one of its arguments closes is refused', async (_, call) => {
  const { session } = await openTorrent(createTestTorrent('closing'), [])
  const close = () => {
    void session.close()
    return []
  }
  await expect((async () => call(session, close))()).rejects.toMatchObject({ code: 'NATIVE_SESSION_CLOSED' })
})

it('takes no path with a zero in it, of which a file system would see only the beginning', async () => {
  await expect(createTorrentFile('/dev/null\0a')).rejects.toMatchObject({ code: 'NATIVE_INVALID_ARGUMENT' })
  const session = await createNativeSession({ listenInterfaces: '127.0.0.1:0', onAlert: () => {} })
  const { torrentFile } = createTestTorrent('zero')
  const adding = session.addTorrent({ torrentId: 'zero', torrentFile, savePath: '/tmp/a\0b' })
  await expect(adding).rejects.toMatchObject({ code: 'NATIVE_INVALID_ARGUMENT' })
  await session.close()
})

it('says that a session could not begin when descriptors run out, and begins once there are some', () => {
  const child = fileURLToPath(new URL('./descriptors-child.mjs', import.meta.url))
  const run = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, child], {
    encoding: 'utf8',
    timeout: 50_000,
  })
  expect({ status: run.status, signal: run.signal, stderr: run.stderr }).toEqual({
    status: 0,
    signal: null,
    stderr: '',
  })
  const outcomes = JSON.parse(run.stdout) as Record<string, number>
  expect(Object.keys(outcomes).toSorted()).toEqual(['NATIVE_SESSION_FAILED', 'opened'])
})
