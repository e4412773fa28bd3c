import { NativeError } from '../errors.js'
import type { NativeAlert } from '../native-alert.js'
import type { IpRange, SessionControl, SessionSettings } from '../session-control.js'
import type { TorrentControl, TorrentLimits, TrackerEntry } from '../torrent-control.js'
import type { PeerStatus, TorrentDetails, TorrentFlags, TrackerStatus } from '../torrent-status.js'
import type { FakeTorrent } from './fake-torrent.js'

/** The calls of a fake session that only ask or remember. */
export abstract class FakeSessionCalls implements TorrentControl, SessionControl {
  /** Every piece that was given a deadline or lost it, in that order. */
  readonly deadlineCalls: {
    readonly handle: number
    readonly piece: number
    readonly deadlineMs?: number
  }[] = []
  #settings: SessionSettings
  #blocked: readonly IpRange[] = []
  #isPaused = false
  /** What the last update said of each torrent. */
  readonly #told = new Map<number, string>()

  constructor(settings: SessionSettings) {
    this.#settings = settings
  }

  protected abstract alert(alert: NativeAlert): void
  abstract readonly torrents: readonly FakeTorrent[]
  protected abstract torrentOf(handle: number): FakeTorrent
  protected abstract refuseClosed(): void

  recheckTorrent(handle: number): void {
    this.torrentOf(handle).recheck()
  }

  torrentStatuses(handles?: readonly number[]): readonly TorrentDetails[] {
    this.refuseClosed()
    const torrents = handles === undefined ? this.torrents : handles.map((handle) => this.torrentOf(handle))
    return torrents.map((torrent) => torrent.details())
  }

  torrentPeers(handle: number): readonly PeerStatus[] {
    return this.torrentOf(handle).peers()
  }

  torrentFlags(handle: number): TorrentFlags {
    return this.torrentOf(handle).details().flags
  }

  setTorrentFlags(handle: number, flags: Partial<TorrentFlags>): void {
    this.torrentOf(handle).setFlags(flags)
  }

  torrentLimits(handle: number): TorrentLimits {
    return this.torrentOf(handle).control.limits
  }

  setTorrentLimits(handle: number, limits: Partial<TorrentLimits>): void {
    this.torrentOf(handle).control.setLimits(limits)
  }

  filePriorities(handle: number): readonly number[] {
    return this.torrentOf(handle).control.filePriorities
  }

  setFilePriorities(handle: number, priorities: readonly number[]): void {
    const torrent = this.torrentOf(handle)
    torrent.control.setFilePriorities(priorities)
    torrent.fetch()
  }

  piecePriorities(handle: number): readonly number[] {
    return this.torrentOf(handle).control.piecePriorities
  }

  setPiecePriorities(handle: number, priorities: readonly number[]): void {
    const torrent = this.torrentOf(handle)
    torrent.control.setPiecePriorities(priorities)
    torrent.fetch()
  }

  setPieceDeadline(handle: number, piece: number, deadlineMs: number): void {
    this.torrentOf(handle).control.setDeadline(piece, deadlineMs)
    this.deadlineCalls.push({ handle, piece, deadlineMs })
  }

  resetPieceDeadline(handle: number, piece: number): void {
    this.torrentOf(handle).control.resetDeadline(piece)
    this.deadlineCalls.push({ handle, piece })
  }

  clearPieceDeadlines(handle: number): void {
    const { control } = this.torrentOf(handle)
    for (const piece of [...control.deadlines.keys()]) control.resetDeadline(piece)
  }

  fileProgress(handle: number): readonly number[] {
    return this.torrentOf(handle).fileProgress()
  }

  pieceAvailability(handle: number): readonly number[] {
    return this.torrentOf(handle).availability()
  }

  pieceMap(handle: number): Uint8Array {
    return this.torrentOf(handle).pieceMap()
  }

  trackers(handle: number): readonly TrackerStatus[] {
    return this.torrentOf(handle).control.trackers
  }

  addTracker(handle: number, tracker: TrackerEntry): void {
    this.torrentOf(handle).control.addTracker(tracker)
  }

  replaceTrackers(handle: number, trackers: readonly TrackerEntry[]): void {
    this.torrentOf(handle).control.replaceTrackers(trackers)
  }

  forceReannounce(handle: number): void {
    this.torrentOf(handle).control.announces++
  }

  scrapeTrackers(handle: number): void {
    this.torrentOf(handle).control.scrapes++
  }

  webSeeds(handle: number): readonly string[] {
    return [...this.torrentOf(handle).control.webSeeds]
  }

  addWebSeed(handle: number, url: string): void {
    this.torrentOf(handle).control.webSeeds.add(url)
  }

  removeWebSeed(handle: number, url: string): void {
    this.torrentOf(handle).control.webSeeds.delete(url)
  }

  async saveResumeData(
    handle: number,
    options: { readonly saveInfoSection?: boolean } = {},
  ): Promise<Uint8Array> {
    return this.torrentOf(handle).resumeData(options.saveInfoSection ?? false)
  }

  applySettings(settings: SessionSettings): void {
    this.refuseClosed()
    this.#settings = { ...this.#settings, ...settings }
  }

  postTorrentUpdates(): void {
    this.refuseClosed()
    const torrents = this.torrents
      .map((torrent) => torrent.details())
      .filter((details) => this.#told.get(details.handle) !== JSON.stringify(details))
    for (const details of torrents) this.#told.set(details.handle, JSON.stringify(details))
    queueMicrotask(() => this.alert({ type: 'torrentsUpdated', torrents }))
  }

  settings(): SessionSettings {
    this.refuseClosed()
    return this.#settings
  }

  sessionState(): Uint8Array {
    this.refuseClosed()
    return new TextEncoder().encode(JSON.stringify(this.#settings))
  }

  async statistics(): Promise<Readonly<Record<string, number>>> {
    this.refuseClosed()
    const statuses = this.torrents.map((torrent) => torrent.status())
    const sum = (key: 'downloadedBytes' | 'uploadedBytes' | 'peers') =>
      statuses.reduce((total, status) => total + status[key], 0)
    return {
      'net.recv_payload_bytes': sum('downloadedBytes'),
      'net.sent_payload_bytes': sum('uploadedBytes'),
      'peer.num_peers_connected': sum('peers'),
      'ses.num_seeding_torrents': statuses.filter(({ state }) => state === 'seeding').length,
    }
  }

  pauseSession(): void {
    this.refuseClosed()
    this.#isPaused = true
  }

  resumeSession(): void {
    this.refuseClosed()
    this.#isPaused = false
  }

  get isSessionPaused(): boolean {
    this.refuseClosed()
    return this.#isPaused
  }

  ipFilter(): readonly Required<IpRange>[] {
    this.refuseClosed()
    return this.#blocked.map(({ first, last = first }) => ({ first, last }))
  }

  setIpFilter(blocked: readonly IpRange[]): void {
    this.refuseClosed()
    const isRange = ({ first, last = first }: IpRange) => first.includes(':') === last.includes(':')
    if (!blocked.every(isRange)) throw new NativeError('NATIVE_INVALID_ARGUMENT', 'no range of addresses')
    this.#blocked = blocked
  }
}
