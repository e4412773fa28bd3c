import { readFile, stat } from 'node:fs/promises'
import { StorageError } from '../errors.js'
import { runProgram, type ServerUser } from './run-program.js'

const unprivileged = ['postgres', 'nobody']

/** PostgreSQL refuses to run as root: then the first of these users that there is, and nobody else's business. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const wanted of unprivileged) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? []
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new StorageError(
    'STORAGE_POSTGRES_NOT_FOUND',
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as',
  )
}

/** Root runs the server of a cluster as the one whom the cluster belongs to. */
export async function ownerOf(directory: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = await stat(directory)
  return uid === 0 ? await serverUser() : { uid, gid }
}

/** True when that user can go into the folder: each one above it counts, and only the system knows all rules. */
export async function canEnter(directory: string, user: ServerUser | undefined): Promise<boolean> {
  const entered = await runProgram('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], {
    user,
    timeoutMs: 10_000,
  })
  return entered.exitCode === 0
}
