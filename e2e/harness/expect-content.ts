import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Torrent } from '@bae/client'
import { expect } from 'vitest'
import type { Payload } from './payload.js'
import { listFiles, treeDigest } from './tree-digest.js'

/** Reads every file of the torrent from our storage and compares it with what was seeded. */
export async function expectContentEquals(torrent: Torrent, payload: Payload): Promise<void> {
  const files = (torrent.layout?.files ?? []).filter(({ kind }) => kind === 'file')
  expect(files.map(({ path }) => join(...path)).sort()).toEqual(await listFiles(payload.path))
  for (const { index, path } of files) {
    const bytes = await buffer(torrent.readFile(index))
    expect(bytes.equals(await readFile(join(payload.path, ...path))), path.join('/')).toBe(true)
  }
}

/** What another program wrote is what was seeded. Those that do not know padding (BEP 47) write it as files. */
export async function expectSameTree(
  path: string,
  payload: Payload,
  options: { readonly withoutEmptyFiles?: boolean } = {},
): Promise<void> {
  const written = (await treeDigest(path)).filter((file) => !file.path.startsWith('.pad/'))
  const wanted = (await treeDigest(payload.path)).filter(
    ({ bytes }) => bytes > 0 || !options.withoutEmptyFiles,
  )
  expect(written).toEqual(wanted)
}
