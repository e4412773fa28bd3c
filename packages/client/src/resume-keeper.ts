import type { HeldTorrent } from './held-torrent.js'
import { encodeResumeRecord, type ResumeRecord } from './resume-record.js'
import type { ResumeStore } from './resume-store.js'
import { SerialQueue } from './serial-queue.js'
import type { TorrentStatus } from './torrent-status.js'

export interface ResumeKeeperDeps {
  /** Undefined: nothing is kept. */
  readonly store: ResumeStore | undefined
  /** A record that nobody waits for could not be saved. */
  readonly failed: (torrent: HeldTorrent, error: unknown) => void
}

/** Keeps the record of each torrent as the torrent is: soon after each change, one save of a torrent at a time. */
export class ResumeKeeper {
  readonly #deps: ResumeKeeperDeps
  readonly #queues = new WeakMap<HeldTorrent, SerialQueue>()
  readonly #waiting = new Set<HeldTorrent>()
  readonly #saving = new Set<Promise<unknown>>()
  /** What was kept of these may be old. */
  readonly #toLookAt = new Set<HeldTorrent>()
  readonly #askedAtMs = new WeakMap<HeldTorrent, number>()
  /** What each record says was moved. */
  readonly #kept = new WeakMap<HeldTorrent, TorrentStatus>()

  constructor(deps: ResumeKeeperDeps) {
    this.#deps = deps
  }

  /** Settles when the torrent as it is now is kept. */
  save(torrent: HeldTorrent): Promise<void> {
    const { store } = this.#deps
    if (store === undefined) return Promise.resolve()
    const saving = this.#queueOf(torrent).run(async () => {
      if (torrent.progress.ended !== undefined) return
      const { status } = torrent.progress
      await store.save(torrent.id, encodeResumeRecord(recordOf(torrent)))
      this.#kept.set(torrent, status)
    })
    this.#track(saving)
    return saving
  }

  /** The record is what the torrent was brought back from. */
  isKept(torrent: HeldTorrent): void {
    this.#kept.set(torrent, torrent.progress.status)
  }

  /** Something changed. Changes of one turn are saved together. */
  changed(torrent: HeldTorrent): void {
    if (this.#deps.store === undefined || this.#waiting.has(torrent)) return
    this.#waiting.add(torrent)
    queueMicrotask(() => {
      this.#waiting.delete(torrent)
      this.save(torrent).catch((error: unknown) => this.#deps.failed(torrent, error))
    })
  }

  /** Keeps it with what nobody wished: counts and peers, and of libtorrent's own disk storage what only libtorrent knows. */
  async saveWhatHappened(torrent: HeldTorrent): Promise<void> {
    if (this.#deps.store === undefined) return
    if (torrent.kind === 'files') {
      const asked = torrent.withSession((session, handle) => session.saveResumeData(handle))
      if (asked === undefined) return
      torrent.resumeData = await asked
    }
    await this.save(torrent)
  }

  /** Something may have happened to the torrent that nobody wished: see `saveDue`. */
  statusChanged(torrent: HeldTorrent): void {
    if (this.#deps.store !== undefined) this.#toLookAt.add(torrent)
  }

  /** As `saveWhatHappened`, for every torrent that something new has happened to for so long. */
  saveDue({ intervalMs, nowMs }: { intervalMs: number; nowMs: number }): void {
    for (const torrent of this.#toLookAt) {
      if (torrent.progress.ended !== undefined || !this.#hasNews(torrent)) {
        this.#toLookAt.delete(torrent)
        continue
      }
      const askedAtMs = this.#askedAtMs.get(torrent) ?? nowMs
      const isDue = nowMs - askedAtMs >= intervalMs
      this.#askedAtMs.set(torrent, isDue ? nowMs : askedAtMs)
      if (isDue) this.saveWhatHappened(torrent).catch((error: unknown) => this.#deps.failed(torrent, error))
    }
  }

  /** What can be kept before the client ends, within so many milliseconds. */
  async saveLast(torrents: readonly HeldTorrent[], limitMs: number): Promise<void> {
    const asked = torrents.map(async (torrent) => {
      try {
        const isNews = torrent.kind === 'files' || this.#hasNews(torrent) || torrent.progress.status.peers > 0
        if (isNews && torrent.progress.ended === undefined) await this.saveWhatHappened(torrent)
      } catch (error) {
        this.#deps.failed(torrent, error)
      }
    })
    const done = Promise.all(asked).then(() => this.#idle())
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([done, late]).finally(() => clearTimeout(timer))
  }

  async delete(torrent: HeldTorrent): Promise<void> {
    const { store } = this.#deps
    await this.#queueOf(torrent).run(async () => store?.delete(torrent.id))
  }

  #hasNews(torrent: HeldTorrent): boolean {
    const { status } = torrent.progress
    const kept = this.#kept.get(torrent) ?? status
    const isMoved =
      kept.allTimeDownloadedBytes !== status.allTimeDownloadedBytes ||
      kept.allTimeUploadedBytes !== status.allTimeUploadedBytes
    return isMoved || (torrent.kind === 'files' && torrent.hasUnsavedResumeData)
  }

  /** Settles when nothing is being saved. */
  async #idle(): Promise<void> {
    while (this.#saving.size > 0 || this.#waiting.size > 0) {
      await Promise.allSettled([...this.#saving, Promise.resolve()])
    }
  }

  #track(saving: Promise<void>): void {
    const settled: Promise<unknown> = Promise.allSettled([saving]).then(() => this.#saving.delete(settled))
    this.#saving.add(settled)
  }

  #queueOf(torrent: HeldTorrent): SerialQueue {
    const queue = this.#queues.get(torrent) ?? new SerialQueue()
    this.#queues.set(torrent, queue)
    return queue
  }
}

function recordOf(torrent: HeldTorrent): ResumeRecord {
  const { kind, savePath, resumeData, wishes, progress } = torrent
  const { allTimeDownloadedBytes, allTimeUploadedBytes } = progress.status
  const knownPeers = kind === 'own' ? torrent.knownPeers.look() : []
  return {
    kind,
    ...(savePath !== undefined && { savePath }),
    ...(resumeData && { resumeData }),
    ...torrent.torrentFileOrMagnet(),
    wishes: wishes.toSaved(),
    allTime: { downloadedBytes: allTimeDownloadedBytes, uploadedBytes: allTimeUploadedBytes },
    ...(knownPeers.length > 0 && { knownPeers }),
  }
}
