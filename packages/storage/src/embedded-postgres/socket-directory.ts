import { createHash } from 'node:crypto'
import { chown, lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { unusable } from './create-cluster.js'
import { isFileError } from './file-error.js'
import type { ServerUser } from './run-program.js'

/** What the system allows for the name of a socket, less `/.s.PGSQL.5432` and the NUL. */
const maxDirectoryBytes = 107 - 15

/**
 * The private folder of the server's socket: in the cluster's, or where that name is too long for a socket
 * one in `/tmp` that every process of the library finds in the same way.
 */
export async function socketDirectory(cluster: string, user: ServerUser | undefined): Promise<string> {
  const inside = join(cluster, 'run')
  if (Buffer.byteLength(inside) <= maxDirectoryBytes) return inside
  const short = `/tmp/bae-${createHash('sha256').update(cluster).digest('hex').slice(0, 16)}`
  const owner = user ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  try {
    await mkdir(short, { mode: 0o700 })
    await chown(short, owner.uid, owner.gid)
  } catch (error) {
    if (!isFileError(error, 'EEXIST')) throw error
  }
  // Anybody could have made it before: then their socket would get the password.
  const found = await lstat(short)
  const isOurs = found.isDirectory() && found.uid === owner.uid && (found.mode & 0o077) === 0
  if (!isOurs) throw unusable(cluster, `its path is long, and "${short}" belongs to somebody else`)
  return short
}
