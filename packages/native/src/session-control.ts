/** Addresses from `first` to `last`, both included and both IPv4 or both IPv6. One address when `last` is left out. */
export interface IpRange {
  readonly first: string
  readonly last?: string
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
}
