import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** SHA-256 of a file's bytes, streamed. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

/** Every file below `root` (or `root` itself, as ''), by path relative to it, in order of path. */
export async function listFiles(root: string): Promise<readonly string[]> {
  const status = await lstat(root)
  if (!status.isDirectory()) return ['']
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

export interface FileDigest {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** What lies below `root`, so that two trees are equal exactly when their digests are. */
export async function treeDigest(
  root: string,
  options: { readonly leaveOutLinks?: boolean } = {},
): Promise<readonly FileDigest[]> {
  const digests: FileDigest[] = []
  for (const path of await listFiles(root)) {
    const whole = join(root, path)
    const status = await lstat(whole)
    if (options.leaveOutLinks && status.isSymbolicLink()) continue
    digests.push({ path, bytes: status.size, sha256: await fileDigest(whole) })
  }
  return digests
}

/** How many files there are below `root` and what they hold together; nothing where it does not exist. */
export async function folderSize(root: string): Promise<{ files: number; bytes: number }> {
  let files = 0
  let bytes = 0
  for (const path of await listFiles(root).catch(absentIsEmpty)) {
    files += 1
    bytes += (await lstat(join(root, path))).size
  }
  return { files, bytes }
}

/** For `catch`: a folder that is not there holds no files. */
export function absentIsEmpty(error: unknown): readonly string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
  throw error
}
