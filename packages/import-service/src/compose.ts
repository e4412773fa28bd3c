import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NetworkOptions, readMagnetUri, selectedFiles, TorrentClient } from '@bae/client'
import {
  createFileCalls,
  createHashLane,
  createNativeSession,
  createTorrentFile,
  libtorrentVersion,
  merkleRoot,
  parseTorrentFile,
} from '@bae/native'
import {
  type AbortOptions,
  BaeStorage,
  CacheManager,
  CheckedChunkStore,
  type CreateHashLane,
  collectGarbage,
  createStorageFactory,
  type Database,
  DirectoryChunkStore,
  destroyTorrent,
  type Logger,
  limitsOf,
  MemoryChunkStore,
  MemoryDatabase,
  minCapacityChunks,
  OpenMark,
  readFile,
  rebuildDatabase,
  refuseAwayChunks,
  refuseLostRecords,
  type StagingChunkStore,
  scrubTorrent,
  type TorrentId,
  TorrentReader,
  type TorrentRecord,
} from '@bae/storage'
import { formatBytes } from './cli/format-quantities.js'
import { closeAll } from './close-all.js'
import type {
  Composition,
  DatabaseFacts,
  FetchLayoutOptions,
  OpenLibraryOptions,
  Seed,
} from './composition.js'
import type { Config } from './config/config.js'
import { ClaimedImports } from './database/claimed-imports.js'
import { askServer, describeServer } from './doctor/server-version.js'
import { ImportError } from './errors.js'
import { askedInOrder } from './fetch-order.js'
import { ImportService } from './import-service.js'
import { findLibraryFolder, type LibraryFolder, openLibraryFolder } from './library/library-folder.js'
import { openRemoteFolder } from './library/remote-folder.js'
import { StorageLibrary } from './library/storage-library.js'
import type { LibraryLike, VerifyOptions } from './library-like.js'
import { LoggedImports } from './log/logged-imports.js'
import { loopbackNetwork, networkOf } from './network-of.js'
import type { ServiceLimits } from './service-limits.js'
import type { TorrentClientLike } from './torrent-client-like.js'
import { createTorrentId } from './torrent-id.js'

/** The one place where client, storage and databases meet. Loaded by commands that need them, not before. */
export const composition: Composition = {
  readMagnetUri,
  parseTorrentFile: async (bytes) => parseTorrentFile(bytes).layout,
  createTorrentFile: (path, options) => createTorrentFile(path, options),
  libtorrentVersion: async () => libtorrentVersion(),
  inspectDatabase,
  fetchLayout,
  selectFiles: selectedFiles,
  seed,
  async openExistingLibrary(config, options = {}) {
    const folder = await findLibraryFolder(config.libraryDirectory)
    return folder === undefined ? undefined : (await openService(config, folder, options)).service
  },
  async openToRecord(config, options = {}) {
    const folder = await openLibraryFolder(config.libraryDirectory)
    return (await openService(config, folder, options)).service
  },
  async openForImport(config, { loopbackOnly = false, running, ...options } = {}) {
    const folder = await openLibraryFolder(config.libraryDirectory)
    const network = loopbackOnly ? loopbackNetwork : networkOf(config)
    const { service, client } = await openService(config, folder, { ...options, network })
    try {
      await client.start()
      const inOrderAboveBytes = unfinishedBytesOf(config)
      running?.onChange(async (next) => {
        client.configure(askedInOrder(networkOf(next), inOrderAboveBytes))
        service.setSeed(next.seed)
        await service.setLimits(serviceLimitsOf(next))
      })
      const { libraryDirectory: library } = config
      options.logger?.info({ library, port: client.listenPort }, 'the library is open for imports')
      return service
    } catch (error) {
      await closedAfter(error, () => service.close(), options.logger)
      throw error
    }
  },
}

async function openService(
  config: Config,
  folder: LibraryFolder,
  options: OpenLibraryOptions & { readonly network?: NetworkOptions },
) {
  options.signal?.throwIfAborted()
  const closers: (() => Promise<void>)[] = []
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    closers.unshift(() => part.close())
    return part
  }
  try {
    // Loaded while the server starts.
    const loading = Promise.all([import('@bae/storage/typeorm'), import('./database/typeorm/index.js')])
    loading.catch(() => undefined)
    const { url, makingRoom } = keep(await openServer(config, options))
    const [{ DatabaseServer, openTypeOrmDatabase }, { openTypeOrmImportDatabase }] = await loading
    const { schema } = folder
    const { logger, signal, leaseMs } = options
    const database = keep(await openTypeOrmDatabase({ url, schema, ...(signal && { signal }) }))
    const leases = { server: new DatabaseServer({ url }), ...(leaseMs && { leaseMs }) }
    const records = keep(await openTypeOrmImportDatabase({ ...leases, schema, ...(signal && { signal }) }))
    const claimed = new ClaimedImports(records)
    const fenceOf = (id: TorrentId): number => claimed.fenceOf(id)
    const imports = logger === undefined ? claimed : new LoggedImports(claimed, logger)
    const mark = keep(await OpenMark.open(folder.storeDirectory))
    const chunkStore = keep(checked(await openChunkStore(config, folder, { database, logger }), config, mark))
    if (options.mending === undefined) await refuseLostRecords({ database, chunkStore }, options)
    const opened = new Map<TorrentId, BaeStorage>()
    const parts = { database, chunkStore, opened, mark, fenceOf, createHashLane, makingRoom }
    const library = createLibrary(parts, () => closeAll(closers))
    const createStorage = createStorageFactory(
      { chunkStore, database, opened, createHashLane, merkleRoot, ...(logger && { logger }) },
      {
        chunkSizeBytes: folder.chunkSizeBytes,
        durability: config.durability,
        fenceOf,
      },
    )
    const inOrderAboveBytes = unfinishedBytesOf(config)
    const network = options.network && askedInOrder(options.network, inOrderAboveBytes)
    const client = new TorrentClient({ createStorage, ...(logger && { logger }) }, network)
    const deps = { client: client satisfies TorrentClientLike, imports, library, inOrderAboveBytes }
    return {
      client,
      service: new ImportService(
        {
          ...deps,
          selectFiles: selectedFiles,
          readMagnetUri,
          parseTorrentFile: composition.parseTorrentFile,
          troubled: (err, doing) => logger?.warn({ err }, `${doing} failed, and is tried again`),
        },
        { limits: serviceLimitsOf(config), seed: config.seed },
      ),
    }
  } catch (error) {
    await closedAfter(error, () => closeAll(closers), options.logger)
    throw error
  }
}

/** What failed first is what its user is told. */
async function closedAfter(
  error: unknown,
  close: () => Promise<void>,
  logger: Logger | undefined,
): Promise<void> {
  await close().catch((unclosed: unknown) =>
    logger?.warn({ err: unclosed, after: error }, 'a library that could not be opened did not close well'),
  )
}

function serviceLimitsOf({ activeDownloads, activeSeeds, metadataFetches }: Config): ServiceLimits {
  return { activeDownloads, activeSeeds, metadataFetches }
}

/** How much may be unfinished at a time in a library that gives what is whole away. */
function unfinishedBytesOf({ capacityBytes, remoteDirectory }: Config): number | undefined {
  if (capacityBytes === undefined || remoteDirectory === undefined) return undefined
  return limitsOf(capacityBytes, true).beginBytes
}

/** The folder of the library; within a capacity and before a remote folder where they are set. */
async function openChunkStore(
  { capacityBytes, remoteDirectory }: Config,
  folder: LibraryFolder,
  { database, logger }: { readonly database: Database; readonly logger: Logger | undefined },
): Promise<StagingChunkStore> {
  const { chunkSizeBytes } = folder
  if (capacityBytes !== undefined && capacityBytes < minCapacityChunks * chunkSizeBytes) {
    const least = formatBytes(minCapacityChunks * chunkSizeBytes)
    throw new ImportError('IMPORT_USAGE', `BAE_CAPACITY must be at least ${least} for this library`)
  }
  if (remoteDirectory === undefined) await refuseAwayChunks(database)
  const fileCalls = createFileCalls()
  const local = await DirectoryChunkStore.open(folder.storeDirectory, { fileCalls })
  if (capacityBytes === undefined && remoteDirectory === undefined) return local
  const remote =
    remoteDirectory &&
    (await DirectoryChunkStore.open(await openRemoteFolder(remoteDirectory, folder), { fileCalls }))
  return await CacheManager.open(
    { local, database, ...(remote && { remote }), ...(logger && { logger }) },
    { chunkSizeBytes, ...(capacityBytes !== undefined && { capacityBytes }) },
  )
}

/** In a library that was closed well chunks are read without a check, unless each read shall have one. */
function checked(chunkStore: StagingChunkStore, { checkReads }: Config, mark: OpenMark): StagingChunkStore {
  const isWanted = checkReads === 'always' || mark.afterUncleanStop
  return isWanted ? new CheckedChunkStore(chunkStore, { checks: checkReads }) : chunkStore
}

interface LibraryParts {
  readonly database: Database
  readonly chunkStore: StagingChunkStore
  readonly opened: ReadonlyMap<TorrentId, BaeStorage>
  readonly mark: OpenMark
  readonly fenceOf: (id: TorrentId) => number
  readonly createHashLane: CreateHashLane
  readonly makingRoom: LibraryLike['makingRoom']
}

function createLibrary(parts: LibraryParts, close: () => Promise<void>): StorageLibrary {
  return new StorageLibrary({
    database: parts.database,
    openReader: (record) => new TorrentReader({ record, ...parts }),
    readFile,
    scrub: (record, options) => scrub(parts, record, options),
    noteAllSound: () => parts.mark.allSound(),
    destroy: (id) => destroyTorrent(parts, id, { fence: parts.fenceOf(id) }),
    makingRoom: parts.makingRoom,
    rebuild: (options) => rebuildDatabase(parts, options),
    collectGarbage: (options) => collectGarbage(parts, options),
    close,
  })
}

/** An open torrent is scrubbed by its own storage, which tells the client of what is lost. */
async function scrub(
  { opened, fenceOf, ...parts }: LibraryParts,
  record: TorrentRecord,
  options: VerifyOptions,
) {
  const open = opened.get(record.id)
  if (open !== undefined) return await open.scrub(options)
  if (!options.repair) return await scrubTorrent({ record, ...parts }, options)
  if (options.onlyIfOpen) {
    throw new ImportError('IMPORT_BUSY', `the import of ${record.layout.name} is about to begin or to end`)
  }
  await using storage = await BaeStorage.open({ record, ...parts, fence: fenceOf(record.id) }, options)
  return await storage.scrub(options)
}

/** The server of BAE_DATABASE_URL, or the library's own, which the last process to leave stops. */
async function openServer(config: Config, options: OpenLibraryOptions) {
  const makingRoom: LibraryLike['makingRoom'] = (job) => job()
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, makingRoom, close: async () => {} }
  const { openEmbeddedPostgres } = await import('@bae/storage/embedded-postgres')
  const server = await openEmbeddedPostgres({
    directory: config.libraryDirectory,
    renew: options.mending === 'rebuild',
    ...(config.stateDirectory === undefined ? {} : { stateDirectory: config.stateDirectory }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  return {
    url: server.url,
    makingRoom: <T>(job: () => Promise<T>) => server.makingRoom(job),
    close: () => server.close(),
  }
}

async function inspectDatabase(config: Config, options: AbortOptions = {}): Promise<DatabaseFacts> {
  if (config.databaseUrl !== undefined) {
    const { DatabaseServer } = await import('@bae/storage/typeorm')
    const server = new DatabaseServer({ url: config.databaseUrl })
    const facts = await askServer(
      server.connectionOptions({ schema: 'public', applicationName: 'bae doctor' }),
    )
    return { kind: 'server', place: describeServer(config.databaseUrl), ...facts }
  }
  if ((await findLibraryFolder(config.libraryDirectory)) === undefined) return await tryEmbedded(options)
  const { openEmbeddedPostgres } = await import('@bae/storage/embedded-postgres')
  const directory = config.libraryDirectory
  const { stateDirectory } = config
  await using server = await openEmbeddedPostgres({
    directory,
    ...options,
    ...(stateDirectory === undefined ? {} : { stateDirectory }),
  })
  return { kind: 'embedded', place: server.clusterDirectory, serverVersion: server.version }
}

/** Whether a library would get its server: makes one in a folder that is gone afterwards. */
async function tryEmbedded(options: AbortOptions): Promise<DatabaseFacts> {
  const { openEmbeddedPostgres } = await import('@bae/storage/embedded-postgres')
  const directory = await mkdtemp(join(tmpdir(), 'bae-doctor-'))
  try {
    // Where this is root, the server runs as somebody else.
    await chmod(directory, 0o755)
    await using server = await openEmbeddedPostgres({ directory, ...options })
    return { kind: 'tried', place: server.clusterDirectory, serverVersion: server.version }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A client of its own, without the library: nothing of what it is told stays. */
async function fetchLayout(config: Config, magnetUri: string, options: FetchLayoutOptions = {}) {
  const parts = { chunkStore: new MemoryChunkStore(), database: new MemoryDatabase() }
  await using client = new TorrentClient({ createStorage: createStorageFactory(parts) }, networkOf(config))
  await client.start()
  const torrent = await client.add({ magnetUri }, { ...options, files: [] })
  return await torrent.whenMetadata(options)
}

/** A session without our storage: what libtorrent's other users are to us. */
async function seed(torrentFile: Uint8Array, directory: string): Promise<Seed> {
  const session = await createNativeSession({
    onAlert: () => {},
    listenInterfaces: '127.0.0.1:0',
    settings: {
      ...loopbackNetwork.settings,
      enable_incoming_utp: false,
      enable_dht: false,
      enable_lsd: false,
      enable_upnp: false,
      enable_natpmp: false,
    },
  })
  try {
    await session.addTorrent({
      torrentId: createTorrentId(),
      torrentFile,
      savePath: directory,
      seedMode: true,
    })
  } catch (error) {
    await session.close().catch(() => undefined)
    throw error
  }
  return {
    port: session.listenPort,
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  }
}
