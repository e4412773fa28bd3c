import type { AbortOptions, TorrentId } from '@bae/storage'
import type { HeldTorrent } from './held-torrent.js'
import { decodeResumeRecord, type ResumeRecord } from './resume-record.js'
import type { ResumeStore } from './resume-store.js'
import type { TorrentIntake } from './torrent-intake.js'
import { type KnownSource, type ParseTorrentFile, readTorrentSource } from './torrent-source.js'
import { TorrentWishes } from './torrent-wishes.js'

/** What a store had and what came of it. */
export interface Restored<Torrent> {
  readonly torrents: readonly Torrent[]
  /** Their records stay as they are. */
  readonly failures: readonly { readonly id: TorrentId; readonly error: unknown }[]
}

/** Storages that open at the same time. */
const AT_ONCE = 128

/** Adds every torrent of the store that is not there, oldest first. One that fails holds up no other. */
export async function restoreTorrents(
  store: ResumeStore,
  deps: {
    readonly intake: TorrentIntake
    readonly parseTorrentFile: ParseTorrentFile
    readonly isThere: (id: TorrentId) => boolean
  },
  options: AbortOptions = {},
): Promise<Restored<HeldTorrent>> {
  const ids: TorrentId[] = []
  for await (const id of store.list()) if (!deps.isThere(id as TorrentId)) ids.push(id as TorrentId)
  const waiting = ids.sort().values()
  const torrents: HeldTorrent[] = []
  const failures: { id: TorrentId; error: unknown }[] = []
  const work = async () => {
    for (const id of waiting) {
      options.signal?.throwIfAborted()
      try {
        const record = await store.load(id)
        if (record === undefined) continue
        torrents.push(await restore(id, decodeResumeRecord(id, record)))
      } catch (error) {
        options.signal?.throwIfAborted()
        failures.push({ id, error })
      }
    }
  }
  const restore = (id: TorrentId, record: ResumeRecord) => {
    const { kind, savePath, resumeData, allTime, knownPeers } = record
    const held = {
      id,
      source: sourceOf(record, deps.parseTorrentFile),
      wishes: new TorrentWishes(record.wishes),
      ...(savePath !== undefined && { savePath }),
      ...(resumeData && { resumeData }),
      ...(allTime && { allTime }),
      ...(knownPeers && { knownPeers }),
    }
    return deps.intake.bringBack({ ...held, ...options }, kind)
  }
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return { torrents, failures }
}

function sourceOf({ torrentFile, magnetUri = '' }: ResumeRecord, parse: ParseTorrentFile): KnownSource {
  return readTorrentSource(torrentFile === undefined ? { magnetUri } : { torrentFile }, parse)
}
