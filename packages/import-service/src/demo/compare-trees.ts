import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The paths at which two folders do not hold the same bytes. */
export async function compareTrees(
  a: string,
  b: string,
  paths: readonly string[],
): Promise<readonly string[]> {
  const different: string[] = []
  for (const path of paths) {
    if (!(await isSameFile(join(a, path), join(b, path)))) different.push(path)
  }
  return different
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  if ((await stat(a)).size !== (await stat(b)).size) return false
  const other = readParts(b)
  for await (const part of readParts(a)) {
    const next = await other.next()
    if (next.done === true || Buffer.compare(part, next.value) !== 0) return false
  }
  return true
}

/** Parts of equal length for files of equal length. */
async function* readParts(path: string): AsyncGenerator<Uint8Array, void> {
  yield* createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>
}
