/** What a torrent does or leaves. `paused` and `uploadMode` are also set by libtorrent when a storage fails. */
export type TorrentFlag =
  /** Everything is there and is hashed only when a peer asks for it. Can be taken away, not given later. */
  | 'seedMode'
  /** Fetches nothing, only uploads. */
  | 'uploadMode'
  /** Gives more than it takes, for the sake of others. */
  | 'shareMode'
  | 'applyIpFilter'
  | 'paused'
  /** libtorrent's queue pauses and resumes it (`active_downloads` and the like). */
  | 'autoManaged'
  /** As the only seed: shows each peer pieces that no other has. */
  | 'superSeeding'
  | 'sequentialDownload'
  /** Pauses once it could begin, after its metadata and check. */
  | 'stopWhenReady'
  | 'disableDht'
  | 'disableLsd'
  | 'disablePex'

export type TorrentFlags = Readonly<Record<TorrentFlag, boolean>>

export interface NativeTorrentStatus {
  readonly handle: number
  readonly state:
    | 'checkingResumeData'
    | 'checkingFiles'
    | 'downloadingMetadata'
    | 'downloading'
    | 'finished'
    | 'seeding'
  readonly paused: boolean
  /** Set while libtorrent only uploads because writing failed for want of space. */
  readonly uploadMode: boolean
  readonly piecesHave: number
  readonly peers: number
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  /** Payload since the torrent was added to this session. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  readonly error?: { readonly code: string; readonly message: string }
}

/** What `torrentStatuses` tells of one torrent. Properties are missing while libtorrent does not know them. */
export interface TorrentDetails extends NativeTorrentStatus {
  readonly name: string
  /** Hex digits in lower case: 40 of v1, 64 of v2. */
  readonly infoHashV1?: string
  readonly infoHashV2?: string
  readonly hasMetadata: boolean
  /** From 0 to 1: of what is wanted, or of a check while there is one. */
  readonly progress: number
  readonly flags: TorrentFlags
  /** Something has changed since the last `saveResumeData`. */
  readonly hasUnsavedResumeData: boolean
  /** The last tracker that answered; '' before one did. */
  readonly currentTracker: string
  /** Its place in the queue of those that are not finished. */
  readonly queuePosition?: number
  readonly totalBytes: number
  readonly doneBytes: number
  /** Of the files and pieces whose priority is not 0. */
  readonly wantedBytes: number
  readonly wantedDoneBytes: number
  /** Came, and failed its hash. */
  readonly failedBytes: number
  /** Came although it was there already. */
  readonly redundantBytes: number
  /** Payload of all sessions, as far as resume data knows them. */
  readonly allTimeDownloadedBytes: number
  readonly allTimeUploadedBytes: number
  /** Also those that are still being dialled. */
  readonly connections: number
  /** Connected peers that have everything. */
  readonly seeds: number
  readonly unchokedPeers: number
  /** Addresses that libtorrent may dial. */
  readonly knownPeers: number
  readonly knownSeeds: number
  /** What a tracker counted. */
  readonly swarmSeeds?: number
  readonly swarmDownloaders?: number
  /** How many whole copies the connected peers have together. */
  readonly copies?: number
  /** Times as of `Date.now()`. */
  readonly addedAtMs?: number
  readonly completedAtMs?: number
  readonly lastSeenCompleteAtMs?: number
  readonly activeMs: number
  readonly finishedMs: number
  readonly seedingMs: number
  readonly nextAnnounceInMs: number
}

/** One connection of a torrent. */
export interface PeerStatus {
  /** Address and port: '127.0.0.1:6881', '[::1]:6881'. */
  readonly peer: string
  readonly localEndpoint: string
  /** 40 hex digits; zeroes before the handshake. */
  readonly peerId: string
  /** What the peer calls itself: any text. */
  readonly client: string
  readonly connection: 'bittorrent' | 'webSeed' | 'httpSeed'
  readonly transport: 'tcp' | 'utp'
  readonly encryption: 'none' | 'handshake' | 'full'
  /** Who told of it. 'tracker' is also said of whom `connectPeer` named. */
  readonly sources: readonly (
    | 'tracker'
    | 'dht'
    | 'peerExchange'
    | 'localDiscovery'
    | 'resumeData'
    | 'incoming'
  )[]
  readonly outgoing: boolean
  readonly connecting: boolean
  readonly handshaking: boolean
  /** We want something it has. */
  readonly interesting: boolean
  /** We do not answer its requests. */
  readonly choked: boolean
  readonly remoteInterested: boolean
  readonly remoteChoked: boolean
  readonly seed: boolean
  readonly uploadOnly: boolean
  /** It has not answered for long. */
  readonly snubbed: boolean
  readonly optimisticallyUnchoked: boolean
  readonly piecesHave: number
  /** From 0 to 1. */
  readonly progress: number
  /** Payload. */
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  readonly requestsToPeer: number
  readonly requestsFromPeer: number
  /** Pieces it took part in that failed their hash. */
  readonly hashFailures: number
  /** Connections to it that failed, one after another. */
  readonly failures: number
  readonly roundTripMs: number
}

export interface TrackerStatus {
  readonly url: string
  /** Those of the lowest tier are asked first. */
  readonly tier: number
  /** It has answered once. */
  readonly verified: boolean
  readonly sources: readonly ('torrent' | 'client' | 'magnetLink' | 'trackerExchange')[]
  /** One for each listening socket and kind of info hash; none before the first announce. */
  readonly announces: readonly TrackerAnnounce[]
}

export interface TrackerAnnounce {
  readonly localEndpoint: string
  /** The kind of info hash it is asked about. */
  readonly version: 1 | 2
  readonly enabled: boolean
  readonly updating: boolean
  /** One after another. */
  readonly failures: number
  /** A warning or an error in the tracker's words; '' for none. */
  readonly message: string
  readonly error?: { readonly code: string; readonly message: string }
  readonly nextAnnounceInMs?: number
  readonly minAnnounceInMs?: number
  readonly swarmSeeds?: number
  readonly swarmDownloaders?: number
  readonly swarmDownloads?: number
}
