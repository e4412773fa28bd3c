import type { TorrentId } from '@bae/storage'
import type { ImportRecord } from '../../src/database/import-database.js'
import type { ImportEvent } from '../../src/database/import-event.js'
import type { ImportState } from '../../src/database/import-state.js'
import { MemoryImportDatabase } from '../../src/database/memory-import-database.js'
import { ImportService } from '../../src/import-service.js'
import type { ImportSource } from '../../src/import-source.js'
import type { ServiceOptions } from '../../src/service-limits.js'
import { FakeLibrary } from '../../src/testing/fake-library.js'
import type { FakeTorrent } from '../../src/testing/fake-torrent.js'
import { FakeTorrentClient } from '../../src/testing/fake-torrent-client.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { readMagnetSimply } from '../../src/testing/read-magnet-simply.js'
import { selectSimply } from '../../src/testing/select-simply.js'
import { layoutOf, pieceLengthBytes } from './records.js'

/** Two files, three pieces. */
export const albumLayout = layoutOf({ 'one.wav': pieceLengthBytes, 'two.wav': 2 * pieceLengthBytes })

/** All that services of one library share: its records, its bytes and the time. */
export class TestLibrary {
  readonly library = new FakeLibrary()
  readonly imports = new MemoryImportDatabase()
  readonly clock = new ManualClock()

  /** A service of its own process, with its own client. */
  open(options: Partial<ServiceOptions> = {}): TestService {
    return new TestService(this, options)
  }

  /** Time goes by, in steps in which everybody does what is due. */
  async pass(ms: number, stepMs = 5_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed))
      await settle()
    }
  }

  async record(id: TorrentId): Promise<ImportRecord | undefined> {
    return await this.imports.findImport(id)
  }

  async events(): Promise<readonly ImportEvent[]> {
    return (await this.imports.readEvents({ after: 0, limit: 100_000 })).events
  }

  /** The states that an import went through, as the log has them. */
  async states(id: TorrentId): Promise<readonly string[]> {
    return (await this.events()).filter(({ importId }) => importId === id).map(({ to }) => to)
  }
}

export class TestService implements AsyncDisposable {
  readonly client: FakeTorrentClient
  readonly imports: MemoryImportDatabase
  readonly service: ImportService
  /** What the service told to have failed, where nobody waits for it. */
  readonly troubles: { readonly error: unknown; readonly doing: string }[] = []

  constructor({ library, imports, clock }: TestLibrary, options: Partial<ServiceOptions>) {
    this.client = new FakeTorrentClient(library)
    // What .torrent files are about is known at once; of magnet links a test tells it.
    this.client.layoutOf = (source) =>
      'torrentFile' in source ? layoutNamed(new TextDecoder().decode(source.torrentFile)) : undefined
    this.imports = MemoryImportDatabase.join(imports)
    const deps = { client: this.client, imports: this.imports, library, clock, random: () => 0 }
    const parseTorrentFile = async (bytes: Uint8Array) => layoutNamed(new TextDecoder().decode(bytes))
    const troubled = (error: unknown, doing: string) => void this.troubles.push({ error, doing })
    this.service = new ImportService(
      { ...deps, selectFiles: selectSimply, readMagnetUri: readMagnetSimply, parseTorrentFile, troubled },
      options,
    )
  }

  /** The torrent of this import that is in the client now. */
  torrent(id: TorrentId): FakeTorrent {
    const torrent = this.client.get(id)
    if (torrent === undefined) throw new Error(`import ${id} does not run here`)
    return torrent
  }

  get runningIds(): readonly TorrentId[] {
    return this.service.running().map(({ id }) => id)
  }

  /** All pieces come. */
  finish(id: TorrentId): void {
    for (const piece of [0, 1, 2]) this.torrent(id).deliverPiece(piece)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close()
  }
}

/** Everything that can be done is done: nothing here waits for anything but the clock and the test. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function layoutNamed(name: string) {
  return { ...albumLayout, name, infoHashV1: hashOf(name) }
}

function hashOf(name: string): string {
  return Buffer.from(name.padEnd(20, '.')).toString('hex').slice(0, 40)
}

/** A .torrent of two files that is called so. */
export function torrentSource(name: string): ImportSource {
  const layout = layoutNamed(name)
  const torrentFile = new TextEncoder().encode(name)
  return { torrent: { torrentFile }, infoHashV1: layout.infoHashV1, name, layout }
}

export function magnetSource(name: string): ImportSource {
  const infoHashV1 = hashOf(name)
  return { torrent: { magnetUri: `magnet:?xt=urn:btih:${infoHashV1}` }, infoHashV1 }
}

/** What the peers of that magnet link say that it is. */
export function magnetLayout(name: string) {
  return layoutNamed(name)
}

export function queuedRecord(id: TorrentId, name: string, change: Partial<ImportRecord> = {}): ImportRecord {
  return {
    id,
    name,
    infoHashV1: hashOf(name),
    state: 'queued' satisfies ImportState,
    torrentFile: new TextEncoder().encode(name),
    addedAtMs: 1_000,
    ...change,
  }
}
