import { setTimeout as delay } from 'node:timers/promises'
import type { AbortOptions } from '../abort-options.js'
import type { ChunkKey } from '../chunk-store.js'
import { isBaeError, StorageError } from '../errors.js'
import { onAbort } from '../on-abort.js'
import { untilAborted } from '../until-aborted.js'
import type { RemoteChunkStore } from './cache-deps.js'

export interface RemoteOptions {
  /** How long a call is tried before it is STORAGE_UNAVAILABLE: less than native waits for a storage. */
  readonly remoteDeadlineMs: number
  /** Before the second try; twice as long before each further one. */
  readonly firstRetryMs: number
}

const maxRetryMs = 5_000

/** A deletion holds rows locked: it is tried once, and not at all so soon after a failure. */
const deleteTimeoutMs = 5_000

/** The remote store, with its failures repeated here and nowhere else. */
export class RemoteCalls {
  readonly name: string
  readonly #store: RemoteChunkStore
  readonly #options: RemoteOptions
  /** Deletions that may still happen, also those that nobody waits for any more. */
  readonly #deletions = new Map<ChunkKey, Promise<void>>()
  #lastFailure: { readonly atMs: number; readonly cause: unknown } | undefined

  constructor(store: RemoteChunkStore, options: RemoteOptions) {
    this.name = store.name
    this.#store = store
    this.#options = options
  }

  async get(key: ChunkKey, options: AbortOptions = {}): Promise<Uint8Array | undefined> {
    return await this.try(`fetching chunk ${key}`, options, (signal) => this.#store.get(key, { signal }))
  }

  async has(key: ChunkKey, options: AbortOptions = {}): Promise<boolean> {
    return await this.try(`looking for chunk ${key}`, options, (signal) => this.#store.has(key, { signal }))
  }

  async put(key: ChunkKey, bytes: Uint8Array, options: AbortOptions = {}): Promise<void> {
    await this.try(`uploading chunk ${key}`, options, async (signal) => {
      await untilAborted(this.#deletions.get(key) ?? Promise.resolve(), signal)
      await this.#store.put(key, bytes, { signal })
    })
  }

  /** Tried once. Answers STORAGE_UNAVAILABLE where it failed: the object may still be there. */
  async tryDelete(key: ChunkKey): Promise<StorageError | undefined> {
    const last = this.#lastFailure
    if (last !== undefined && performance.now() - last.atMs < deleteTimeoutMs) {
      return this.#notDeleted(key, 'was not tried so soon after a failure', last.cause)
    }
    try {
      await withDeadline(deleteTimeoutMs, undefined, (signal) =>
        untilAborted(this.#noted(key, this.#store.delete(key, { signal })), signal),
      )
      return undefined
    } catch (cause) {
      this.#failed(cause)
      return this.#notDeleted(key, 'failed', cause)
    }
  }

  list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    return this.each('listing chunks', options, (signal) => this.#store.list(prefix, { signal }))
  }

  async flush(options: AbortOptions = {}): Promise<void> {
    await this.try('flushing chunks', options, async (signal) => await this.#store.flush?.({ signal }))
  }

  /** False where it took longer than a call may: what hangs there is left to itself. */
  async close(): Promise<boolean> {
    const closing = this.#store.close()
    try {
      return await withDeadline(this.#options.remoteDeadlineMs, undefined, async (signal) => {
        await untilAborted(closing, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error
        })
        return !signal.aborted
      })
    } finally {
      closing.catch(() => undefined)
    }
  }

  /** What `list` gives. Each step has the time of a call, and is not tried again: nobody knows where it stood. */
  async *each<T>(
    what: string,
    { signal: caller }: AbortOptions = {},
    list: (signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    caller?.throwIfAborted()
    const left = new AbortController()
    const steps = list(left.signal)[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await withDeadline(this.#options.remoteDeadlineMs, caller, (signal) =>
          untilAborted(steps.next(), signal),
        )
        if (next.done) return
        yield next.value
      }
    } catch (error) {
      caller?.throwIfAborted()
      if (error instanceof RangeError || isBaeError(error, 'STORAGE_CLOSED')) throw error
      this.#failed(error)
      throw this.#unavailable(what, error)
    } finally {
      left.abort()
      // What it holds open it lets go of now. Not waited for: a step that hangs would hold up who leaves.
      steps.return?.(undefined)?.catch(() => undefined)
    }
  }

  /** Runs `call` until it settles well, or STORAGE_UNAVAILABLE. */
  async try<T>(
    what: string,
    { signal: caller }: AbortOptions = {},
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    caller?.throwIfAborted()
    return await withDeadline(this.#options.remoteDeadlineMs, caller, async (signal) => {
      let cause: unknown
      for (let retryMs = this.#options.firstRetryMs; ; retryMs = Math.min(2 * retryMs, maxRetryMs)) {
        try {
          return await untilAborted(call(signal), signal)
        } catch (error) {
          caller?.throwIfAborted()
          if (error instanceof RangeError || isBaeError(error, 'STORAGE_CLOSED')) throw error
          // The deadline is no cause where something else failed before.
          cause = signal.aborted ? (cause ?? error) : error
          this.#failed(cause)
        }
        await delay(retryMs, undefined, { signal }).catch(() => caller?.throwIfAborted())
        if (signal.aborted) throw this.#unavailable(what, cause)
      }
    })
  }

  /** `deletion`, which is known until it settles. */
  #noted(key: ChunkKey, deletion: Promise<void>): Promise<void> {
    const settled = deletion
      .catch(() => undefined)
      .then(() => {
        if (this.#deletions.get(key) === settled) this.#deletions.delete(key)
      })
    this.#deletions.set(key, settled)
    return deletion
  }

  #failed(cause: unknown): void {
    this.#lastFailure = { atMs: performance.now(), cause }
  }

  #notDeleted(key: ChunkKey, what: string, cause: unknown): StorageError {
    const message = `${this.name} cannot be reached: deleting chunk ${key} ${what}`
    return new StorageError('STORAGE_UNAVAILABLE', message, { cause })
  }

  #unavailable(what: string, cause: unknown): StorageError {
    const tried = `${what} was tried for ${this.#options.remoteDeadlineMs / 1000} s`
    return new StorageError('STORAGE_UNAVAILABLE', `${this.#store.name} cannot be reached: ${tried}`, {
      cause,
    })
  }
}

/** Runs `body` with a signal that aborts after `deadlineMs`, or with `caller`. */
async function withDeadline<T>(
  deadlineMs: number,
  caller: AbortSignal | undefined,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error(`no answer in ${deadlineMs} ms`)), deadlineMs)
  const leave = caller && onAbort(caller, () => controller.abort(caller.reason))
  try {
    return await body(controller.signal)
  } finally {
    clearTimeout(timer)
    leave?.()
  }
}
