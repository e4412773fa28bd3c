import { setTimeout as delay } from 'node:timers/promises'
import { StorageError } from '../errors.js'
import { unusable } from './create-cluster.js'
import { noSpace, noSpaceIn } from './no-space.js'
import type { PostgresBinaries } from './postgres-binaries.js'
import { Presence } from './presence.js'
import { clusterMajor } from './put-aside.js'
import type { ServerUser } from './run-program.js'
import {
  logTail,
  removeForeignPid,
  type ServerFolders,
  type StartedServer,
  startServer,
} from './server-process.js'

/** A server that was killed reads its log again before it answers. */
const enterTimeoutMs = 60_000

const pollMs = 20

/** What a killed server held is not free at once, and two that start at once may both see the other one. */
const maxStarts = 20
const startPauseMs = 250
const passingReasons = /lock file|shared memory/

export interface Entrance {
  readonly folders: ServerFolders
  readonly password: string
  readonly user: ServerUser | undefined
  /** Asked for only when a server must be started. */
  readonly binaries: () => Promise<PostgresBinaries>
  readonly signal?: AbortSignal | undefined
}

/** Joins the server that runs, or starts one; whoever starts at the same time joins the same. Given up, it leaves none. */
export async function enterServer(entrance: Entrance): Promise<Presence> {
  const started: StartedServer[] = []
  try {
    return await enter(entrance, started)
  } catch (error) {
    // The last one out stops the server, and who never came in is not the last one out.
    for (const server of started) await server.stop()
    entrance.signal?.throwIfAborted()
    throw error
  }
}

async function enter(entrance: Entrance, started: StartedServer[]): Promise<Presence> {
  const { folders, password, signal } = entrance
  const deadlineMs = performance.now() + enterTimeoutMs
  while (performance.now() < deadlineMs) {
    signal?.throwIfAborted()
    const answer = await knock(folders, password)
    if (answer instanceof Presence) return answer
    if (answer === 'absent' && started.at(-1)?.isRunning() !== true) {
      if (started.length > 0) await pauseAfterFailure(folders, started.length, signal)
      started.push(await start(entrance))
    }
    await delay(pollMs, undefined, { signal })
  }
  throw await notStarted(folders)
}

/** `busy` is a server that comes up, goes down, or is being stopped: wait and see. */
async function knock(folders: ServerFolders, password: string): Promise<Presence | 'absent' | 'busy'> {
  try {
    return (await Presence.enter(folders, password)) ?? 'busy'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'absent'
    // Without a code: ended while it said hello, or did not answer in time.
    if (code === undefined || busyCodes.includes(code as string)) return 'busy'
    throw error
  }
}

/** cannot_connect_now, admin_shutdown, crash_shutdown, and a connection that is cut meanwhile. */
const busyCodes = ['57P03', '57P01', '57P02', 'ECONNRESET', 'EPIPE']

async function start({ folders, binaries, user }: Entrance): Promise<StartedServer> {
  const found = await binaries()
  const made = await clusterMajor(folders.directory)
  if (made !== found.major.toString()) {
    const message = `the database in "${folders.directory}" is of PostgreSQL ${made ?? 'no version'} and cannot be read by ${found.version}; 'bae rebuild' puts it aside and makes another one from the store`
    throw new StorageError('STORAGE_DATABASE', message)
  }
  return await startServer(folders, found, user)
}

async function pauseAfterFailure(
  folders: ServerFolders,
  starts: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const log = await logTail(folders)
  const passes = passingReasons.test(log) && noSpaceIn(log) === undefined
  if (starts === (passes ? maxStarts : 2)) throw await notStarted(folders)
  await delay(startPauseMs, undefined, { signal })
  await removeForeignPid(folders)
}

async function notStarted(folders: ServerFolders): Promise<StorageError> {
  const log = await logTail(folders)
  if (/could not (bind|create|set permissions).*Unix/i.test(log)) return unusable(folders.directory, log)
  const full = noSpaceIn(log)
  if (full !== undefined) return noSpace(folders.directory, full)
  return new StorageError(
    'STORAGE_DATABASE',
    `the database server in "${folders.directory}" does not start: ${log}`,
  )
}
