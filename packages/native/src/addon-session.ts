import type { AddTorrentRequest } from './add-torrent.js'
import type { Addon, AddonAlert, AddonSession } from './addon.js'
import { AddonCalls } from './addon-calls.js'
import { AlertAnswers } from './alert-answers.js'
import { asNativeError, NativeError, rethrow } from './errors.js'
import type { NativeAlert, RawAlert } from './native-alert.js'
import type { NativeSession, NativeSessionOptions } from './native-session.js'
import { RecentFailures } from './recent-failures.js'
import { RequestBatch } from './request-batch.js'
import type { SessionControl, SessionSettings } from './session-control.js'
import { SettledRequests } from './settled-requests.js'
import { callHandler, type HandlerRequest, Outcome, outcomeOf, RequestKind } from './storage-requests.js'
import { TorrentAdditions } from './torrent-additions.js'
import type { TorrentControl } from './torrent-control.js'
import type { NativeTorrentStatus } from './torrent-status.js'

export const DEFAULT_SESSION_OPTIONS = {
  maxPendingWriteBytes: 16 * 1024 * 1024,
  maxHalfPieceBytes: 64 * 1024 * 1024,
  storageDeadlineMs: 60_000,
} as const

/** What libtorrent would not alert of when it fails. */
const UNREPORTED: ReadonlySet<number> = new Set([
  RequestKind.completePiece,
  RequestKind.clearPiece,
  RequestKind.closeStorage,
])

/** Infinity is no number for C++. */
const LONGEST_DEADLINE_MS = 24 * 60 * 60 * 1000

/** libtorrent's settings are numbers of 32 bits. */
const LARGEST_SETTING = 2 ** 31 - 1

/** A petabyte: Infinity is no number for C++ either. */
const LARGEST_BUDGET_BYTES = 2 ** 50

/** How long open storage calls may hold up the end of a session. */
const CLOSE_DEADLINE_MS = 5_000

/** NativeSession on the addon: forwards calls down, requests and alerts up, and decides nothing. */
export class AddonNativeSession extends AddonCalls implements NativeSession, TorrentControl, SessionControl {
  readonly #options: NativeSessionOptions
  readonly #session: AddonSession
  readonly #torrentIds = new Map<number, string>()
  readonly #handles = new Map<string, number>()
  readonly #storages = new Map<number, string>()
  readonly #failures = new RecentFailures()
  readonly #settled = new SettledRequests((ids, count) => this.#session.settleAll(ids, count))
  readonly #additions = new TorrentAdditions()
  readonly #removals = new Map<string, () => void>()
  readonly #closed = withResolvers<void>()
  readonly #answers: AlertAnswers
  #closing = false

  constructor(addon: Addon, options: NativeSessionOptions) {
    super()
    checkOptions(options)
    this.#options = options
    this.#answers = new AlertAnswers(
      () => this.call((session) => session),
      () => addon.sessionStatisticNames(),
    )
    const listen =
      options.listenInterfaces === undefined ? {} : { listen_interfaces: options.listenInterfaces }
    this.#session = rethrow(
      () =>
        new addon.Session(
          {
            settings: {
              max_queued_disk_bytes: atMost(
                options.maxPendingWriteBytes ?? DEFAULT_SESSION_OPTIONS.maxPendingWriteBytes,
                LARGEST_SETTING,
              ),
              ...listen,
              ...options.settings,
            },
            usesHandler: options.handler !== undefined,
            maxHalfPieceBytes: atMost(
              options.maxHalfPieceBytes ?? DEFAULT_SESSION_OPTIONS.maxHalfPieceBytes,
              LARGEST_BUDGET_BYTES,
            ),
            wantsRawAlerts: options.onRawAlert !== undefined,
            alertCategories: options.alertCategories,
            diskBackend: options.diskBackend,
            state: options.state,
            storageDeadlineMs: atMost(
              options.storageDeadlineMs ?? DEFAULT_SESSION_OPTIONS.storageDeadlineMs,
              LONGEST_DEADLINE_MS,
            ),
          },
          (numbers, values, alertsWaiting, closed) => {
            this.#dispatch(new RequestBatch(numbers, values), alertsWaiting, closed)
          },
        ),
    )
  }

  async addTorrent(request: AddTorrentRequest): Promise<number> {
    const handle = this.call((session) => {
      this.#refuseKnown(request?.torrentId)
      return session.addTorrent(request)
    })
    const { torrentId } = request
    this.#torrentIds.set(handle, torrentId)
    this.#handles.set(torrentId, handle)
    try {
      await this.#additions.wait(torrentId)
    } catch (error) {
      this.#forget(torrentId, handle)
      throw error
    }
    return handle
  }

  async removeTorrent(handle: number, options?: { deleteData?: boolean }): Promise<void> {
    const torrentId = this.#torrentIds.get(handle)
    const gone = withResolvers<void>()
    this.call((session) => session.removeTorrent(handle, options?.deleteData ?? false))
    if (torrentId !== undefined) this.#removals.set(torrentId, gone.resolve)
    await gone.promise
  }

  pauseTorrent(handle: number): void {
    this.call((session) => session.pauseTorrent(handle))
  }

  resumeTorrent(handle: number): void {
    this.call((session) => session.resumeTorrent(handle))
  }

  connectPeer(handle: number, host: string, port: number): void {
    this.call((session) => session.connectPeer(handle, host, port))
  }

  torrentStatus(handle: number): NativeTorrentStatus {
    return this.call((session) => session.torrentStatus(handle))
  }

  async saveResumeData(
    handle: number,
    options?: { readonly saveInfoSection?: boolean },
  ): Promise<Uint8Array> {
    return rethrow(() => this.#answers.saveResumeData(handle, options?.saveInfoSection ?? false))
  }

  async statistics(): Promise<Readonly<Record<string, number>>> {
    return rethrow(() => this.#answers.statistics())
  }

  applySettings(settings: SessionSettings): void {
    this.call((session) => session.applySettings(settings))
  }

  get listenPort(): number {
    return this.call((session) => session.listenPort())
  }

  close(): Promise<void> {
    if (!this.#closing) {
      try {
        this.#session.close(CLOSE_DEADLINE_MS)
      } catch (error) {
        return Promise.reject(asNativeError(error))
      }
      this.#closing = true
      this.#answers.sessionCloses()
    }
    return this.#closed.promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  protected override get openSession(): AddonSession | undefined {
    return this.#closing ? undefined : this.#session
  }

  #dispatch(requests: RequestBatch, alertsWaiting: boolean, closed: boolean): void {
    let isAnyAdded = false
    requests.forEach((request) => {
      if (request.kind === RequestKind.torrentGone) {
        this.#settled.add(request.id)
        this.#torrentGone(request.torrentId)
      } else if (request.kind === RequestKind.torrentAdded) {
        isAnyAdded = true
        this.#settled.add(request.id)
        this.#additions.settle(request.torrentId, request.errorCode, request.errorMessage)
      } else {
        void this.#serve(request)
      }
    })
    // Whoever added a torrent has its handle before the first alert about it.
    if (alertsWaiting && isAnyAdded) setImmediate(() => this.#takeAlerts())
    else if (alertsWaiting) this.#takeAlerts()
    if (closed) this.#ended()
  }

  /** What the addon throws here has no caller: it must neither be lost nor cost the requests that came along. */
  #takeAlerts(): void {
    if (this.#closing) return
    throwLater(() => {
      for (const alert of this.#session.popAlerts()) this.#takeAlert(alert)
    })
  }

  /** The addon may know already that the last torrent of this id is gone, whose word for that is still on its way here. */
  #refuseKnown(torrentId: string): void {
    if (!this.#handles.has(torrentId)) return
    const message = `the session already has a torrent with the id ${torrentId}`
    throw new NativeError('NATIVE_DUPLICATE_TORRENT', message)
  }

  async #serve(request: HandlerRequest): Promise<void> {
    const { handler } = this.#options
    if (request.kind === RequestKind.openStorage) this.#storages.set(request.storageIndex, request.torrentId)
    try {
      if (handler === undefined)
        throw new NativeError('NATIVE_REQUEST_ABORTED', 'the session has no storage handler')
      const { bytes, blockHashes, offersDigests } = await callHandler(handler, request)
      if (bytes !== undefined || blockHashes === true || offersDigests === true) {
        this.#session.settle(request.id, Outcome.ok, bytes, blockHashes, offersDigests)
      } else {
        this.#settled.add(request.id)
      }
    } catch (error) {
      this.#noteFailure(request, error)
      this.#session.settle(request.id, outcomeOf(error))
    }
    if (request.kind === RequestKind.closeStorage) this.#storages.delete(request.storageIndex)
  }

  /** libtorrent reports what it asked for itself; nobody else would report the rest. */
  #noteFailure(request: HandlerRequest, error: unknown): void {
    this.#failures.note(request.id, error)
    const torrentId = this.#storages.get(request.storageIndex)
    if (!UNREPORTED.has(request.kind)) return
    const handle = torrentId === undefined ? undefined : this.#handles.get(torrentId)
    if (handle === undefined) return
    const { code, message } = describe(error)
    this.#deliver({ type: 'storageError', handle, code, message, cause: error })
  }

  #takeAlert(alert: ReturnType<AddonSession['popAlerts']>[number]): void {
    switch (alert.type) {
      case 'resumeData':
      case 'resumeDataFailed':
      case 'statistics':
        this.#answers.take(alert)
        break
      case 'raw':
        this.#deliverRaw(alert)
        break
      default:
        if (alert.type === 'alertsDropped' && !this.#closing) this.#answers.askAgain()
        this.#alert(alert)
    }
  }

  #alert({ request, ...alert }: AddonAlert): void {
    const isFailure = alert.type === 'storageError' || alert.type === 'torrentError'
    const ofStorage = isFailure && request !== undefined && request !== 0
    this.#deliver(ofStorage ? { ...alert, cause: this.#failures.causeOf(request) } : alert)
  }

  #deliver(alert: NativeAlert): void {
    throwLater(() => this.#options.onAlert(alert))
  }

  #deliverRaw({ type: _, ...alert }: RawAlert & { readonly type: 'raw' }): void {
    throwLater(() => this.#options.onRawAlert?.(alert))
  }

  #torrentGone(torrentId: string): void {
    const handle = this.#handles.get(torrentId)
    if (handle !== undefined) {
      this.#forget(torrentId, handle)
      this.#answers.torrentGone(handle)
    }
    this.#removals.get(torrentId)?.()
    this.#removals.delete(torrentId)
  }

  #forget(torrentId: string, handle: number): void {
    this.#handles.delete(torrentId)
    this.#torrentIds.delete(handle)
  }

  #ended(): void {
    this.#additions.sessionEnded()
    for (const resolve of this.#removals.values()) resolve()
    this.#removals.clear()
    this.#closed.resolve()
  }
}

/** What is no number stays as it is: C++ refuses it. */
function atMost(value: number, most: number): number {
  return typeof value === 'number' && value > most ? most : value
}

/** C++ checks what it gets; these it does not get. */
function checkOptions(options: NativeSessionOptions | null | undefined): void {
  const { onAlert, onRawAlert, handler } = options ?? {}
  const isRight =
    typeof onAlert === 'function' &&
    (onRawAlert === undefined || typeof onRawAlert === 'function') &&
    (handler === undefined || (typeof handler === 'object' && handler !== null))
  if (isRight) return
  const message = 'onAlert is a function, and so is onRawAlert, and handler an object, where they are given'
  throw new NativeError('NATIVE_INVALID_ARGUMENT', message)
}

function describe(error: unknown): { code: string; message: string } {
  try {
    if (error instanceof Error) {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : 'STORAGE_IO'
      return { code, message: String(error.message) }
    }
  } catch {
    // An error that fails when it is looked at is none.
  }
  return { code: 'STORAGE_IO', message: 'the storage failed without an error object' }
}

/** What throws here, such as a listener, must not cost the alerts and requests after it. */
function throwLater(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Promise.withResolvers is younger than Node 20. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
