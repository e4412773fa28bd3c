import { join } from 'node:path'
import { ChildProgram } from './child-program.js'
import type { Payload } from './payload.js'
import { repositoryRoot } from './repository-root.js'

export const systemPython = '/usr/bin/python3'

export function pythonScript(name: string): string {
  return join(repositoryRoot, 'e2e/harness/python', name)
}

/** 'padded': v1 whose files begin with a piece (BEP 47). */
export type TorrentKind = 'v1' | 'padded' | 'v2' | 'hybrid'

/** A .torrent file on disk. */
export interface TorrentFile {
  readonly path: string
  readonly content: Payload
  readonly pieceLengthBytes: number
}

/** Has libtorrent's own code, not ours, write the .torrent of `payload`. */
export async function makeTorrent(
  payload: Payload,
  pieceLengthBytes: number,
  path: string,
  kind: TorrentKind = 'v1',
): Promise<TorrentFile> {
  const args = [pythonScript('make_torrent.py'), payload.path, String(pieceLengthBytes), path, kind]
  await using python = new ChildProgram(systemPython, args)
  const exit = await python.whenExited(60_000)
  if (exit.code !== 0) throw new Error(`no .torrent for ${payload.path}: ${python.stderr}`)
  return { path, content: payload, pieceLengthBytes }
}
