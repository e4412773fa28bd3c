import { join } from 'node:path'
import { DEFAULT_SESSION_SETTINGS } from '@bae/client'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { systemPython } from 'bae-e2e/harness/torrent-maker.js'
import { benchSettings } from './bench-session.js'

/** What bae's client tells libtorrent, so that the others differ in their storage only. */
const settings = { ...benchSettings, ...DEFAULT_SESSION_SETTINGS }

/** What a session of @bae/native has always: its alert mask, and how much may wait to be written. */
const sessionSettings = {
  listen_interfaces: '127.0.0.1:0',
  max_queued_disk_bytes: 16 << 20,
  // Errors, peers, storage, connections, status, progress of pieces.
  alert_mask: 1 | (1 << 1) | (1 << 3) | (1 << 5) | (1 << 6) | (1 << 22),
}

/** Who fetches `torrentPath` to `folder`, or checks what lies there, and then ends. */
export interface LeecherJob {
  readonly torrentPath: string
  readonly folder: string
  readonly addresses: readonly string[]
}

/** libtorrent's own storage in a Node process. */
export function nativeLeecher(kind: 'mmap' | 'posix', job: LeecherJob): readonly string[] {
  const program = join(repositoryRoot, 'bench/dist/native-leecher.js')
  return [process.execPath, program, kind, JSON.stringify(settings), ...argumentsOf(job)]
}

/** libtorrent's own client with the same settings: what a Node process adds shows beside it. */
export function pythonLeecher(job: LeecherJob): readonly string[] {
  const program = join(repositoryRoot, 'bench/python/leecher.py')
  return [systemPython, program, JSON.stringify({ ...settings, ...sessionSettings }), ...argumentsOf(job)]
}

function argumentsOf({ torrentPath, folder, addresses }: LeecherJob): readonly string[] {
  return [torrentPath, folder, ...addresses]
}
