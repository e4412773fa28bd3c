import type { CreateNativeSession } from '@bae/native'
import type { ParseTorrentFile } from './torrent-source.js'

export interface NativeBinding {
  readonly createSession: CreateNativeSession
  readonly parseTorrentFile: ParseTorrentFile
}

/** Loaded only when a client starts without parts of its own, so that this package's tests need no addon. */
export async function loadNativeBinding(): Promise<NativeBinding> {
  const { createNativeSession, parseTorrentFile } = await import('@bae/native')
  return { createSession: createNativeSession, parseTorrentFile }
}
