import { dirname, resolve } from 'node:path'
import type { CreateTorrentOptions } from '@bae/native'
import { type CreateTorrentFile, loadNativeBinding } from './native-binding.js'
import type { AddTorrentOptions } from './torrent-options.js'

/**
 * Makes a .torrent (v1, v2 or hybrid) of a file or a folder, off the JavaScript thread. Rejects NATIVE_IO for what
 * cannot be read, NATIVE_INVALID_ARGUMENT for wrong options, and with the reason of the signal.
 */
export async function createTorrent(path: string, options: CreateTorrentOptions = {}): Promise<Uint8Array> {
  const { createTorrentFile } = await loadNativeBinding()
  return createTorrentFile(path, options)
}

/** How the .torrent is made, and how it is added. */
export type SeedOptions = CreateTorrentOptions & Omit<AddTorrentOptions, 'storage' | 'savePath' | 'files'>

/** A .torrent of what lies there, and how to add it so that it is seeded from there. */
export async function prepareSeed(
  path: string,
  options: SeedOptions,
  createTorrentFile: CreateTorrentFile = createTorrent,
): Promise<{
  readonly torrentFile: Uint8Array
  readonly options: AddTorrentOptions & { readonly seedMode: true }
}> {
  const { id, paused, peers, limits, sequential, superSeeding, ...create } = options
  const added = Object.entries({ id, paused, peers, limits, sequential, superSeeding })
  return {
    torrentFile: await createTorrentFile(path, create),
    options: {
      ...Object.fromEntries(added.filter(([, value]) => value !== undefined)),
      ...(options.signal && { signal: options.signal }),
      storage: 'files',
      savePath: dirname(resolve(path)),
      // It was read just now.
      seedMode: true,
    },
  }
}
