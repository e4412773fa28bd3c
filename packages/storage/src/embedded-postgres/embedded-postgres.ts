import { setTimeout as delay } from 'node:timers/promises'
import type { AbortOptions } from '../abort-options.js'
import { isBaeError, StorageError } from '../errors.js'
import { type ClusterPlace, findClusterPlace, notePlace } from './cluster-place.js'
import { createCluster, databaseUser } from './create-cluster.js'
import { type Entrance, enterServer } from './enter-server.js'
import { noSpace, noSpaceIn } from './no-space.js'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js'
import { databaseName, type Presence, readPassword } from './presence.js'
import { putAside } from './put-aside.js'
import { Reserve } from './reserve.js'
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
  /** Makes a new, empty cluster where that of the library is lost, or of another major version: such a one is put aside. */
  readonly renew?: boolean
}

/**
 * A PostgreSQL server that belongs to one library and is shared by all its processes. When it dies while
 * somebody has it open it is started again, under the same address.
 */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** With the password: not to be shown. */
  readonly url: string
  readonly version: string
  readonly clusterDirectory: string
  /**
   * Does what makes room: where it fails because the disk is full, once more with what is kept free for that, which is kept
   * free again once there is room.
   */
  makingRoom<T>(job: () => Promise<T>): Promise<T>
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
    const full = noSpaceIn(why)
    if (full !== undefined) throw noSpace(options.directory, full, error)
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
  if (!place.exists || (options.renew === true && (await isOutdated(place, binariesFor)))) {
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
  const entrance = { folders, password, user, binaries: () => binariesFor(user) }
  const reserve = new Reserve(place.directory)
  const presence = await reserve.during(() => enterServer({ ...entrance, signal: options.signal }))
  await reserve.keep()
  const server = new RunningPostgres(entrance, presence, await versionOf(presence, folders))
  if (options.signal?.aborted === true) {
    await server.close()
    throw options.signal.reason
  }
  return server
}

/** Who cannot be asked is left again. */
async function versionOf(presence: Presence, folders: ServerFolders): Promise<string> {
  try {
    return await presence.version()
  } catch (error) {
    await presence.leave(() => stopServer(folders)).catch(() => undefined)
    throw error
  }
}

async function isOutdated(
  { directory }: ClusterPlace,
  binariesFor: (user: ServerUser | undefined) => Promise<PostgresBinaries>,
): Promise<boolean> {
  return await putAside(directory, (await binariesFor(await ownerOf(directory))).major)
}

const firstPauseMs = 100
const maxPauseMs = 10_000

/** While it is open a server that died is started again, or adopted from whoever was faster. */
class RunningPostgres implements EmbeddedPostgres {
  readonly url: string
  readonly version: string
  readonly clusterDirectory: string
  readonly #entrance: Entrance
  readonly #reserve: Reserve
  readonly #pauses = new AbortController()
  #presence: Presence | undefined
  #entering: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(entrance: Entrance, presence: Presence, version: string) {
    const { folders, password } = entrance
    const host = encodeURIComponent(folders.socketDirectory)
    this.url = `postgres://${databaseUser}:${password}@${host}/${databaseName}`
    this.version = version
    this.clusterDirectory = folders.directory
    this.#entrance = entrance
    this.#reserve = new Reserve(folders.directory)
    this.#stay(presence)
  }

  async makingRoom<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await this.#reserve.during(job)
    } finally {
      await this.#reserve.keep()
    }
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  #stay(presence: Presence): void {
    this.#presence = presence
    presence.onBroken(() => {
      this.#presence = undefined
      this.#entering = this.#enterAgain()
    })
  }

  /** What keeps it from starting is in its log; those who use it hear from their own connections that it is away. */
  async #enterAgain(): Promise<void> {
    const { signal } = this.#pauses
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      const enter = () => enterServer({ ...this.#entrance, signal })
      const presence = await this.#reserve.during(enter).catch(() => undefined)
      if (presence !== undefined) return this.#stay(presence)
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #close(): Promise<void> {
    this.#pauses.abort()
    await this.#entering
    await this.#presence?.leave(() => stopServer(this.#entrance.folders))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
