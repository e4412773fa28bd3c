import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { VerifyReport } from './bae-events.js'
import type { BaeLibrary } from './bae-library.js'
import { bae, baeJson } from './bae-process.js'
import type { Payload } from './payload.js'
import { treeDigest } from './tree-digest.js'

/** Exports the torrent and compares every file with what was seeded. */
export async function expectExportEquals(library: BaeLibrary, id: string, payload: Payload): Promise<void> {
  const folder = await mkdtemp(join(library.outputFolder, 'export-'))
  const exported = await bae(library, ['export', id, folder])
  expect(exported, exported.stderr).toMatchObject({ code: 0 })
  expect(await treeDigest(join(folder, payload.name))).toEqual(await treeDigest(payload.path))
}

/** Every piece is there and every chunk is what its key says. */
export async function expectVerified(library: BaeLibrary, id: string, pieces: number): Promise<void> {
  const report = await baeJson<VerifyReport>(library, ['verify', id])
  expect(report).toMatchObject({ id, pieces, bad: [] })
}
