import type { AbortOptions } from '../abort-options.js'
import { isBaeError, StorageError } from '../errors.js'
import { findClusterPlace, notePlace } from './cluster-place.js'
import { createCluster, databaseUser } from './create-cluster.js'
import { enterServer } from './enter-server.js'
import { findPostgresBinaries } from './postgres-binaries.js'
import { databaseName, type Presence, readPassword } from './presence.js'
import type { ServerUser } from './run-program.js'
import { boundLog, type ServerFolders, stopServer } from './server-process.js'
import { ownerOf, serverUser } from './server-user.js'
import { socketDirectory } from './socket-directory.js'

export interface EmbeddedPostgresOptions extends AbortOptions {
  /** The library's folder, which is there. */
  readonly directory: string
  /** The folder of `postgres` and `initdb`; left out: those that npm brought. */
  readonly binDirectory?: string
  /** Where the database of a new library goes, whatever the library's folder can hold. */
  readonly stateDirectory?: string
  /** Where it goes when root runs this and the server's user cannot enter the library. Default `/var/lib/bae/state`. */
  readonly fallbackStateDirectory?: string
}

/** A PostgreSQL server that belongs to one library and is shared by all its processes. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** With the password: not to be shown. */
  readonly url: string
  readonly version: string
  readonly clusterDirectory: string
  /** Leaves; the last process stops the server. Close what is connected before. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens the server of a library: finds the one that runs, starts it otherwise, makes its cluster at first.
 * Rejects STORAGE_POSTGRES_NOT_FOUND without a PostgreSQL, STORAGE_POSTGRES_FOLDER where the folder cannot
 * hold the cluster, STORAGE_DATABASE for the rest, and with the signal's reason.
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  options.signal?.throwIfAborted()
  try {
    return await openServer(options)
  } catch (error) {
    if (options.signal?.aborted === true || isBaeError(error)) throw error
    const why = error instanceof Error ? error.message : typeof error
    throw new StorageError('STORAGE_DATABASE', `the library's database cannot be opened: ${why}`, {
      cause: error,
    })
  }
}

async function openServer(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const newcomer = await serverUser()
  const place = await findClusterPlace(options, newcomer)
  const binariesFor = (user: ServerUser | undefined) =>
    findPostgresBinaries({
      binDirectory: options.binDirectory,
      copyDirectory: place.stateDirectory,
      user,
      signal: options.signal,
    })
  if (!place.exists) {
    const binaries = await binariesFor(newcomer)
    await createCluster({ directory: place.directory, user: newcomer, binaries, signal: options.signal })
  }
  await notePlace(options.directory, place)
  const user = await ownerOf(place.directory)
  const folders = {
    directory: place.directory,
    socketDirectory: await socketDirectory(place.directory, user),
  }
  await boundLog(folders)
  const password = await readPassword(folders)
  const presence = await enterServer({
    folders,
    password,
    user,
    binaries: () => binariesFor(user),
    signal: options.signal,
  })
  return new RunningPostgres({ folders, presence, password, version: await presence.version() })
}

interface Entered {
  readonly folders: ServerFolders
  readonly presence: Presence
  readonly password: string
  readonly version: string
}

class RunningPostgres implements EmbeddedPostgres {
  readonly url: string
  readonly version: string
  readonly clusterDirectory: string
  readonly #folders: ServerFolders
  readonly #presence: Presence
  #closing: Promise<void> | undefined

  constructor({ folders, presence, password, version }: Entered) {
    const host = encodeURIComponent(folders.socketDirectory)
    this.url = `postgres://${databaseUser}:${password}@${host}/${databaseName}`
    this.version = version
    this.clusterDirectory = folders.directory
    this.#folders = folders
    this.#presence = presence
  }

  async close(): Promise<void> {
    this.#closing ??= this.#presence.leave(() => stopServer(this.#folders))
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
