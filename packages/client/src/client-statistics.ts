import type { ClientSession, SessionKind } from './client-session.js'
import type { StorageCounts } from './storage-bridge.js'
import type { TorrentState } from './torrent-status.js'

/** A moment of a client and of what is below it. Counts since it was started, over all its sessions. */
export interface ClientStatistics {
  readonly torrents: number
  /** States that no torrent is in are left out. */
  readonly torrentsByState: Readonly<Partial<Record<TorrentState, number>>>
  /** Connected now. */
  readonly peers: number
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  /** Payload. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  /** With what the protocols need. */
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly dhtNodes: number
  /** Of storages that `createStorage` opened. */
  readonly storage: StorageCounts & { readonly openStorages: number }
  /** All that libtorrent counts, by its own names. */
  readonly sessions: readonly {
    readonly kind: SessionKind
    readonly counts: Readonly<Record<string, number>>
  }[]
}

export async function gatherStatistics(
  sessions: readonly ClientSession[],
  storage: ClientStatistics['storage'],
): Promise<ClientStatistics> {
  const counted = await Promise.all(
    sessions.map(async ({ kind, native }) => ({ kind, counts: await native.statistics() })),
  )
  const sum = (name: string) => counted.reduce((total, { counts }) => total + (counts[name] ?? 0), 0)
  const statuses = sessions.flatMap(({ torrents }) => torrents.map(({ progress }) => progress.status))
  const torrentsByState: Partial<Record<TorrentState, number>> = {}
  for (const { state } of statuses) torrentsByState[state] = (torrentsByState[state] ?? 0) + 1
  return {
    torrents: statuses.length,
    torrentsByState,
    peers: statuses.reduce((total, { peers }) => total + peers, 0),
    downloadBytesPerSecond: statuses.reduce((total, status) => total + status.downloadBytesPerSecond, 0),
    uploadBytesPerSecond: statuses.reduce((total, status) => total + status.uploadBytesPerSecond, 0),
    downloadedBytes: sum('net.recv_payload_bytes'),
    uploadedBytes: sum('net.sent_payload_bytes'),
    receivedBytes: sum('net.recv_bytes'),
    sentBytes: sum('net.sent_bytes'),
    dhtNodes: sum('dht.dht_nodes'),
    storage,
    sessions: counted,
  }
}
