/** libtorrent's own setting names (settings_pack): a wrong name or type rejects NATIVE_INVALID_SETTING. */
export type SessionSettings = Readonly<Record<string, string | number | boolean>>

/** Addresses from `first` to `last`, both included and both IPv4 or both IPv6. One address when `last` is left out. */
export interface IpRange {
  readonly first: string
  readonly last?: string
}

/** One of libtorrent's counts of a session. */
export interface SessionStatistic {
  readonly name: string
  /** A counter only grows; a gauge is what there is now. */
  readonly kind: 'counter' | 'gauge'
}

/** What can be asked of and changed about a whole session. All throw NATIVE_SESSION_CLOSED after `close()`. */
export interface SessionControl {
  /** Pauses every torrent, also those that are added later, whatever their own flag says. */
  pauseSession(): void
  resumeSession(): void
  readonly isSessionPaused: boolean

  /** The blocked addresses, in order. */
  ipFilter(): readonly Required<IpRange>[]
  /** Blocks these addresses and no others; peers from them are disconnected. NATIVE_INVALID_ARGUMENT for no range. */
  setIpFilter(blocked: readonly IpRange[]): void

  /**
   * One alert 'torrentsUpdated' answers it: with the torrents whose status changed since the last one, however many
   * there are. Peers that come and go without a byte are no such change, nor is time that passes. After
   * 'alertsDropped' the answer may be among what is lost; `torrentStatuses` tells everything.
   */
  postTorrentUpdates(): void

  /** All settings of libtorrent by its own names, as they are now. */
  settings(): SessionSettings
  /** What a later session may begin with as its option `state`. */
  sessionState(): Uint8Array
  /** libtorrent's counts by the names of `sessionStatisticNames`. Rejects NATIVE_SESSION_CLOSED once the session closes. */
  statistics(): Promise<Readonly<Record<string, number>>>
}
