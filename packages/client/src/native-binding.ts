import type { CreateNativeSession, CreateTorrentOptions } from '@bae/native'
import type { ParseTorrentFile } from './torrent-source.js'

/** Reads and hashes a file or a folder. */
export type CreateTorrentFile = (path: string, options?: CreateTorrentOptions) => Promise<Uint8Array>

export interface NativeBinding {
  readonly createSession: CreateNativeSession
  readonly parseTorrentFile: ParseTorrentFile
  readonly createTorrentFile: CreateTorrentFile
}

/** Loaded only when something of it is needed, so that this package's tests need no addon. */
export async function loadNativeBinding(): Promise<NativeBinding> {
  const { createNativeSession, createTorrentFile, parseTorrentFile } = await import('@bae/native')
  return { createSession: createNativeSession, parseTorrentFile, createTorrentFile }
}
