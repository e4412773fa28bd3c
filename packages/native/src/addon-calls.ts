import type { AddonSession } from './addon.js'
import { NativeError, rethrow } from './errors.js'
import type { SessionControl, SessionSettings } from './session-control.js'
import type { TorrentControl, TorrentLimits, TrackerEntry } from './torrent-control.js'
import type { PeerStatus, TorrentDetails, TorrentFlags, TrackerStatus } from './torrent-status.js'

/** The calls that the addon answers at once: all they need here is the guard against a session that is closed. */
export abstract class AddonCalls
  implements Omit<TorrentControl, 'saveResumeData'>, Omit<SessionControl, 'statistics'>
{
  /** Undefined once the session closes. */
  protected abstract readonly openSession: AddonSession | undefined

  protected call<T>(call: (session: AddonSession) => T): T {
    const session = this.openSession
    if (session === undefined) throw new NativeError('NATIVE_SESSION_CLOSED', 'the session is closed')
    return rethrow(() => call(session))
  }

  recheckTorrent(handle: number): void {
    this.call((session) => session.recheckTorrent(handle))
  }

  torrentStatuses(handles?: readonly number[]): readonly TorrentDetails[] {
    return this.call((session) => session.torrentStatuses(handles))
  }

  torrentPeers(handle: number): readonly PeerStatus[] {
    return this.call((session) => session.torrentPeers(handle))
  }

  torrentFlags(handle: number): TorrentFlags {
    return this.call((session) => session.torrentFlags(handle))
  }

  setTorrentFlags(handle: number, flags: Partial<TorrentFlags>): void {
    this.call((session) => session.setTorrentFlags(handle, flags))
  }

  torrentLimits(handle: number): TorrentLimits {
    return this.call((session) => session.torrentLimits(handle))
  }

  setTorrentLimits(handle: number, limits: Partial<TorrentLimits>): void {
    this.call((session) => session.setTorrentLimits(handle, limits))
  }

  filePriorities(handle: number): readonly number[] {
    return this.call((session) => session.filePriorities(handle))
  }

  setFilePriorities(handle: number, priorities: readonly number[]): void {
    this.call((session) => session.setFilePriorities(handle, priorities))
  }

  piecePriorities(handle: number): readonly number[] {
    return this.call((session) => session.piecePriorities(handle))
  }

  setPiecePriorities(handle: number, priorities: readonly number[]): void {
    this.call((session) => session.setPiecePriorities(handle, priorities))
  }

  setPieceDeadline(handle: number, piece: number, deadlineMs: number): void {
    this.call((session) => session.setPieceDeadline(handle, piece, deadlineMs))
  }

  resetPieceDeadline(handle: number, piece: number): void {
    this.call((session) => session.resetPieceDeadline(handle, piece))
  }

  clearPieceDeadlines(handle: number): void {
    this.call((session) => session.clearPieceDeadlines(handle))
  }

  fileProgress(handle: number): readonly number[] {
    return this.call((session) => session.fileProgress(handle))
  }

  pieceAvailability(handle: number): readonly number[] {
    return this.call((session) => session.pieceAvailability(handle))
  }

  pieceMap(handle: number): Uint8Array {
    return this.call((session) => session.pieceMap(handle))
  }

  trackers(handle: number): readonly TrackerStatus[] {
    return this.call((session) => session.trackers(handle))
  }

  addTracker(handle: number, tracker: TrackerEntry): void {
    this.call((session) => session.addTracker(handle, tracker))
  }

  replaceTrackers(handle: number, trackers: readonly TrackerEntry[]): void {
    this.call((session) => session.replaceTrackers(handle, trackers))
  }

  forceReannounce(handle: number): void {
    this.call((session) => session.forceReannounce(handle))
  }

  scrapeTrackers(handle: number): void {
    this.call((session) => session.scrapeTrackers(handle))
  }

  webSeeds(handle: number): readonly string[] {
    return this.call((session) => session.webSeeds(handle))
  }

  addWebSeed(handle: number, url: string): void {
    this.call((session) => session.addWebSeed(handle, url))
  }

  removeWebSeed(handle: number, url: string): void {
    this.call((session) => session.removeWebSeed(handle, url))
  }

  pauseSession(): void {
    this.call((session) => session.pauseSession())
  }

  resumeSession(): void {
    this.call((session) => session.resumeSession())
  }

  get isSessionPaused(): boolean {
    return this.call((session) => session.isSessionPaused())
  }

  ipFilter(): ReturnType<SessionControl['ipFilter']> {
    return this.call((session) => session.ipFilter())
  }

  setIpFilter(blocked: Parameters<SessionControl['setIpFilter']>[0]): void {
    this.call((session) => session.setIpFilter(blocked))
  }

  postTorrentUpdates(): void {
    this.call((session) => session.postTorrentUpdates())
  }

  settings(): SessionSettings {
    return this.call((session) => session.settings())
  }

  sessionState(): Uint8Array {
    return this.call((session) => session.sessionState())
  }
}
