import type { Logger } from './logger.js'
import type { MetadataCache } from './metadata-cache.js'
import { infoHashesOf, type KnownSource, type ParseTorrentFile, readTorrentSource } from './torrent-source.js'

/** The source with what an earlier link of the same torrent found. A cache that fails is only slower. */
export async function findCachedMetadata(
  source: KnownSource,
  deps: {
    readonly cache: MetadataCache
    readonly parseTorrentFile: ParseTorrentFile
    readonly logger: Logger
  },
): Promise<KnownSource> {
  if (source.contents !== undefined) return source
  for (const infoHash of source.infoHashes) {
    try {
      const torrentFile = await deps.cache.load(infoHash)
      if (torrentFile === undefined) continue
      const { contents } = readTorrentSource({ torrentFile }, deps.parseTorrentFile)
      // A cache is believed no more than a peer: the bytes have to be those that were asked for.
      if (contents === undefined || !infoHashesOf(contents.layout).includes(infoHash)) continue
      return { ...source, infoHashes: infoHashesOf(contents.layout), contents }
    } catch (error) {
      deps.logger.warn({ error, infoHash }, 'cached metadata could not be read')
    }
  }
  return source
}
