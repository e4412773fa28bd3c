import type { Addon } from './addon.js'
import type { CreateTorrentOptions } from './create-torrent-options.js'
import { asNativeError, rethrow } from './errors.js'

const PROGRESS_INTERVAL_MS = 100

export async function createTorrent(
  addon: Addon,
  path: string,
  { signal, onProgress, ...options }: CreateTorrentOptions,
): Promise<Uint8Array> {
  signal?.throwIfAborted()
  const { promise, abort, progress } = rethrow(() => addon.createTorrentFile(path, options))
  signal?.addEventListener('abort', abort)
  const timer = onProgress && setInterval(() => onProgress(progress()), PROGRESS_INTERVAL_MS)
  try {
    const torrentFile = await promise
    onProgress?.(progress())
    return torrentFile
  } catch (error) {
    signal?.throwIfAborted()
    throw asNativeError(error)
  } finally {
    clearInterval(timer)
    signal?.removeEventListener('abort', abort)
  }
}
