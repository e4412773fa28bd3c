import { spawn } from 'node:child_process'
import { chmod, copyFile, open, readFile, readlink, realpath, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StorageError } from '../errors.js'
import { isFileError } from './file-error.js'
import type { PostgresBinaries } from './postgres-binaries.js'
import { programEnvironment, type ServerUser } from './run-program.js'

const maxLogBytes = 1 << 20

export interface ServerFolders {
  /** Has `data`, `server.log` and `password`. */
  readonly directory: string
  readonly socketDirectory: string
}

/** A server that was started here: whether it runs is for a connection to find out. */
export interface StartedServer {
  /** A server beside another one ends at once. */
  isRunning(): boolean
  /** Waits until it is gone: for who started it, and does not come in. */
  stop(): Promise<void>
}

/**
 * Starts a server that outlives this process and its terminal: a session of its own, no stream of ours.
 * Rejects where the program cannot be run.
 */
export async function startServer(
  folders: ServerFolders,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<StartedServer> {
  const log = await open(join(folders.directory, 'server.log'), 'a', 0o600)
  try {
    // It starts in no folder that others may enter, as a copy or a `chmod -R` may have left it. What is wrong it says itself.
    await chmod(join(folders.directory, 'data'), 0o700).catch(() => undefined)
    const child = spawn(join(binaries.directory, 'postgres'), serverParameters(folders, binaries), {
      cwd: '/',
      detached: true,
      env: programEnvironment,
      stdio: ['ignore', log.fd, log.fd],
      ...user,
    })
    child.unref()
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    const isRunning = () => child.exitCode === null && child.signalCode === null
    return { isRunning, stop: () => endProcess(child.pid, isRunning) }
  } finally {
    await log.close()
  }
}

function serverParameters(
  { directory, socketDirectory }: ServerFolders,
  { major }: PostgresBinaries,
): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: '50',
    shared_buffers: '32MB',
    // Statements here are short: workers would only take memory.
    max_parallel_workers: '0',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    wal_level: 'minimal',
    min_wal_size: '32MB',
    max_wal_size: '128MB',
    jit: 'off',
    log_checkpoints: 'off',
    log_min_error_statement: 'panic',
    ...(major >= 18 ? { io_method: 'sync' } : {}),
  }
  const data = ['-D', join(directory, 'data')]
  return [...data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

/** One older log is kept. The server goes on at the new end of what it has open. */
export async function boundLog({ directory }: ServerFolders): Promise<void> {
  const log = join(directory, 'server.log')
  try {
    if ((await stat(log)).size <= maxLogBytes) return
    await copyFile(log, `${log}.1`)
    await truncate(log)
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) throw error
  }
}

/** The last lines of the log: why a server did not start. */
export async function logTail({ directory }: ServerFolders): Promise<string> {
  try {
    return (await readFile(join(directory, 'server.log'), 'utf8')).trim().split('\n').slice(-5).join('\n')
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return 'it wrote nothing'
    throw error
  }
}

/** The server's process: `undefined` where none runs. */
export async function runningServer({
  directory,
}: Pick<ServerFolders, 'directory'>): Promise<number | undefined> {
  const data = join(directory, 'data')
  const pid = await recordedPid(data)
  return pid !== undefined && isAlive(pid) && (await worksIn(pid, data)) ? pid : undefined
}

/**
 * A server that was killed leaves a file with its number, and after a restart of the machine another process
 * may have that number: the next server would take it for one of its kind and refuse to start. Where the
 * number is nobody's, the next server takes the file away by itself.
 */
export async function removeForeignPid({ directory, socketDirectory }: ServerFolders): Promise<void> {
  const data = join(directory, 'data')
  const pid = await recordedPid(data)
  if (pid === undefined || !isAlive(pid) || (await worksIn(pid, data))) return
  await rm(join(data, 'postmaster.pid'), { force: true })
  await rm(join(socketDirectory, '.s.PGSQL.5432.lock'), { force: true })
}

/** What the server wrote into its data folder. A file that is only just being written says nothing yet. */
async function recordedPid(data: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(join(data, 'postmaster.pid'), 'utf8'), 10)
    return pid > 0 ? pid : undefined
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Stops the server and waits until it is gone; first kindly, then without waiting for its clients. */
export async function stopServer(folders: ServerFolders): Promise<void> {
  const pid = await runningServer(folders)
  await endProcess(pid, () => pid !== undefined && isAlive(pid))
}

async function endProcess(pid: number | undefined, isRunning: () => boolean): Promise<void> {
  if (pid === undefined) return
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (isRunning()) process.kill(pid, signal)
    for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 20) {
      if (!isRunning()) return
      await delay(20)
    }
  }
  throw new StorageError('STORAGE_DATABASE', `the database server (process ${pid}) does not stop`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if (isFileError(error, 'ESRCH')) return false
    if (isFileError(error, 'EPERM')) return true
    throw error
  }
}

/** A server's working folder is its data folder. Where the system does not tell, the number has to do. */
async function worksIn(pid: number, data: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(data))
  } catch (error) {
    if (isFileError(error, 'ENOENT', 'EACCES', 'EPERM')) return process.platform !== 'linux' || isAlive(pid)
    throw error
  }
}
