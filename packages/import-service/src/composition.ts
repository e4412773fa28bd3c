import type { PeerAddress } from '@bae/client'
import type { CreateTorrentOptions } from '@bae/native'
import type { AbortOptions, Logger, TorrentLayout } from '@bae/storage'
import type { Config } from './config/config.js'
import type { RunningConfig } from './config/running-config.js'
import type { SelectFiles } from './file-choice.js'
import type { ImportService } from './import-service.js'
import type { ReadMagnetUri } from './import-source.js'

/** What the commands need of the real parts; compose.ts is the only implementation beside the tests' own. */
export interface Composition {
  readonly readMagnetUri: ReadMagnetUri
  /** Rejects NATIVE_INVALID_TORRENT. */
  parseTorrentFile(bytes: Uint8Array): Promise<TorrentLayout>
  /** Asks peers what a magnet link is about, and fetches nothing else. */
  fetchLayout(config: Config, magnetUri: string, options?: FetchLayoutOptions): Promise<TorrentLayout>
  readonly selectFiles: SelectFiles
  /** A service for a library that is there; `undefined` where there is none. Nothing is made, no session starts. */
  openExistingLibrary(config: Config, options?: OpenLibraryOptions): Promise<ImportService | undefined>
  /** A service that only records what shall be imported. Makes the library when there is none; no session starts. */
  openToRecord(config: Config, options?: OpenLibraryOptions): Promise<ImportService>
  /** A service that can import, with its session started. Makes the library when there is none. */
  openForImport(config: Config, options?: OpenForImportOptions): Promise<ImportService>
  /** The bytes of a .torrent file for what is at `path`. Rejects NATIVE_IO and NATIVE_INVALID_ARGUMENT. */
  createTorrentFile(path: string, options?: CreateTorrentOptions): Promise<Uint8Array>
  /** Gives a torrent to others from libtorrent's own disk storage, on 127.0.0.1. `directory` holds what it is about. */
  seed(torrentFile: Uint8Array, directory: string): Promise<Seed>
  /** Rejects NATIVE_BINDING_NOT_FOUND. */
  libtorrentVersion(): Promise<string>
  inspectDatabase(config: Config, options?: AbortOptions): Promise<DatabaseFacts>
}

export interface OpenLibraryOptions extends AbortOptions {
  /** Silent when left out. */
  readonly logger?: Logger
  /** 'gc': also with a database that has lost its records. 'rebuild': where the library's own is lost, with a new one. */
  readonly mending?: 'gc' | 'rebuild'
  /** How long this process keeps its imports when it is stopped; see TypeOrmImportDatabaseOptions. */
  readonly leaseMs?: number
}

export interface OpenForImportOptions extends Omit<OpenLibraryOptions, 'mending'> {
  /** Where the configuration comes from, when it may change: what may change then does. */
  readonly running?: RunningConfig
  /** The session neither listens to nor asks anybody beyond this machine. */
  readonly loopbackOnly?: boolean
}

export interface FetchLayoutOptions extends AbortOptions {
  /** Dialled at once. */
  readonly peers?: readonly PeerAddress[]
}

export interface Seed extends AsyncDisposable {
  readonly port: number
  close(): Promise<void>
}

export interface DatabaseFacts {
  /**
   * 'embedded': the library's own server, from npm. 'server': the one of BAE_DATABASE_URL. 'tried': the one that a
   * library will get that is not there yet; it was started for a moment.
   */
  readonly kind: 'embedded' | 'server' | 'tried'
  /** Host and database, or folder; never a password. */
  readonly place: string
  /** What the server says. */
  readonly serverVersion: string
  /** How the connection to the server of BAE_DATABASE_URL is encrypted; undefined where it is not. */
  readonly tlsVersion?: string
}
