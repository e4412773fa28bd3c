import { FakeSwarm, type TestTorrent } from '@bae/native/testing'
import { onTestFinished } from 'vitest'
import type { TorrentClientDeps, TorrentClientOptions } from '../src/client-options.js'
import { createTestTorrent, MapLibrary } from '../src/testing/index.js'
import type { Torrent } from '../src/torrent.js'
import { TorrentClient } from '../src/torrent-client.js'

export interface ClientOnFakes {
  readonly swarm: FakeSwarm
  readonly library: MapLibrary
  readonly client: TorrentClient
  /** What was logged. */
  readonly warnings: string[]
}

/** A client that is started on a swarm in memory, and closed when the test ends. */
export async function openClient(options: TorrentClientOptions = {}): Promise<ClientOnFakes> {
  const fakes = createClient(options)
  await fakes.client.start()
  return fakes
}

/** With other dependencies too, such as the swarm and the library of a client that was closed. */
export async function openClientWith(
  deps: Partial<TorrentClientDeps> & { readonly swarm?: FakeSwarm; readonly library?: MapLibrary },
  options: TorrentClientOptions = {},
): Promise<ClientOnFakes> {
  const fakes = createClient(options, deps)
  await fakes.client.start()
  return fakes
}

export function createClient(
  options: TorrentClientOptions = {},
  given: Partial<TorrentClientDeps> & { readonly swarm?: FakeSwarm; readonly library?: MapLibrary } = {},
): ClientOnFakes {
  const { swarm = new FakeSwarm(), library = new MapLibrary(), ...deps } = given
  const warnings: string[] = []
  const client = new TorrentClient(
    {
      createStorage: library.createStorage,
      createSession: swarm.createSession,
      parseTorrentFile: swarm.parseTorrentFile,
      logger: { warn: (_details, message) => warnings.push(message) },
      ...deps,
    },
    { statusIntervalMs: 2, storageDeadlineMs: 20_000, ...options },
  )
  onTestFinished(() => client.close().catch(() => {}))
  return { swarm, library, client, warnings }
}

/** A torrent that is in the client and in the swarm, of which nothing has arrived yet. */
export async function addTestTorrent(
  fakes: ClientOnFakes,
  test: TestTorrent = createTestTorrent(),
): Promise<{ test: TestTorrent; torrent: Torrent }> {
  fakes.swarm.seed(test.torrentFile, test.bytes)
  return { test, torrent: await fakes.client.add({ torrentFile: test.torrentFile }) }
}

export async function deliverAll(fakes: ClientOnFakes, torrent: Torrent, pieceCount: number): Promise<void> {
  for (let piece = 0; piece < pieceCount; piece++) await fakes.swarm.deliverPiece(torrent.id, piece)
}

/** Lets everything happen that waits for nothing but its turn. */
export function everythingDue(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A promise that the test settles. */
export function createHeld(): { readonly promise: Promise<void>; readonly release: () => void } {
  let release = (): void => {}
  const promise = new Promise<void>((resolve) => {
    release = resolve
  })
  return { promise, release }
}

/** What a promise rejected with; fails when it did not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  const [result] = await Promise.allSettled([promise])
  if (result.status === 'fulfilled') throw new Error('this promise should have been rejected')
  return result.reason
}

export function bitsOf(pieceCount: number, pieces: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(Math.ceil(pieceCount / 8))
  for (const piece of pieces) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
  return bits
}
