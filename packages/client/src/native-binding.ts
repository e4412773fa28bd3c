import type { CreateNativeSession } from '@bae/native'
import type { ParseTorrentFile } from './torrent-source.js'

export interface NativeBinding {
  readonly createSession: CreateNativeSession
  readonly parseTorrentFile: ParseTorrentFile
}

/** Until @bae/native's root exports these two. */
interface NativeExports {
  readonly createNativeSession: CreateNativeSession
  readonly parseTorrentFile: ParseTorrentFile
}

/** Loaded only when a client starts without parts of its own, so that this package's tests need no addon. */
export async function loadNativeBinding(): Promise<NativeBinding> {
  const native: unknown = await import('@bae/native')
  const { createNativeSession, parseTorrentFile } = native as NativeExports
  return { createSession: createNativeSession, parseTorrentFile }
}
