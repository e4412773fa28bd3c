import type { TorrentLayout } from '../torrent-layout.js'
import type { NativeTorrentStatus, PeerStatus, TorrentDetails } from '../torrent-status.js'
import type { FakeTorrentControl } from './fake-torrent-control.js'

/** What `torrentStatuses` tells of a fake torrent. */
export function detailsOfFake(
  status: NativeTorrentStatus,
  layout: TorrentLayout | undefined,
  control: FakeTorrentControl,
  pieceMap: Uint8Array,
): TorrentDetails {
  const { totalLengthBytes = 0, pieceLengthBytes = 1 } = layout ?? {}
  const lengthOf = (piece: number) => Math.min(pieceLengthBytes, totalLengthBytes - piece * pieceLengthBytes)
  const wanted = [...control.piecePriorities.entries()].filter(([, priority]) => priority > 0)
  const has = (piece: number) => ((pieceMap[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
  const sum = (pieces: readonly (readonly [number, number])[]) =>
    pieces.reduce((bytes, [piece]) => bytes + lengthOf(piece), 0)
  const wantedBytes = sum(wanted)
  const wantedDoneBytes = sum(wanted.filter(([piece]) => has(piece)))
  return {
    ...status,
    name: layout?.name ?? '',
    ...(layout?.infoHashV1 && { infoHashV1: layout.infoHashV1 }),
    hasMetadata: layout !== undefined,
    progress: wantedBytes === 0 ? 1 : wantedDoneBytes / wantedBytes,
    flags: { ...control.flags, paused: status.paused, uploadMode: status.uploadMode },
    hasUnsavedResumeData: true,
    currentTracker: '',
    totalBytes: totalLengthBytes,
    doneBytes: sum([...control.piecePriorities.entries()].filter(([piece]) => has(piece))),
    wantedBytes,
    wantedDoneBytes,
    failedBytes: 0,
    redundantBytes: 0,
    allTimeDownloadedBytes: status.downloadedBytes,
    allTimeUploadedBytes: status.uploadedBytes,
    connections: status.peers,
    seeds: status.peers,
    unchokedPeers: 0,
    knownPeers: status.peers,
    knownSeeds: status.peers,
    activeMs: 0,
    finishedMs: 0,
    seedingMs: 0,
    nextAnnounceInMs: 0,
  }
}

export function doneBytesOfFiles(
  layout: TorrentLayout | undefined,
  have: ReadonlySet<number>,
): readonly number[] {
  const { files = [], pieceLengthBytes = 1 } = layout ?? {}
  return files.map(({ offsetBytes, lengthBytes }) => {
    let done = 0
    for (const piece of have) {
      const from = Math.max(offsetBytes, piece * pieceLengthBytes)
      done += Math.max(0, Math.min(offsetBytes + lengthBytes, (piece + 1) * pieceLengthBytes) - from)
    }
    return done
  })
}

/** Every peer of a fake torrent is a seed that was dialled. */
export function describeFakePeer(index: number, piecesHave: number): PeerStatus {
  return {
    peer: `127.0.0.1:${index + 1}`,
    localEndpoint: '127.0.0.1:0',
    peerId: '0'.repeat(40),
    client: 'fake',
    connection: 'bittorrent',
    transport: 'tcp',
    encryption: 'none',
    sources: [],
    outgoing: true,
    connecting: false,
    handshaking: false,
    interesting: true,
    choked: true,
    remoteInterested: false,
    remoteChoked: false,
    seed: true,
    uploadOnly: true,
    snubbed: false,
    optimisticallyUnchoked: false,
    piecesHave,
    progress: 1,
    downloadBytesPerSecond: 0,
    uploadBytesPerSecond: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    requestsToPeer: 0,
    requestsFromPeer: 0,
    hashFailures: 0,
    failures: 0,
    roundTripMs: 0,
  }
}
