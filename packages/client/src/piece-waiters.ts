/** What a torrent can be waited for: a piece by its number, a file, or what happens to it as a whole. */
export type WaitedFor = number | `file ${number}` | 'metadata' | 'finished' | 'checked'

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** Promises of those who wait for pieces. Each ends: settled, aborted, or rejected by `fail`. */
export class PieceWaiters {
  readonly #waiters = new Map<WaitedFor, Set<Waiter>>()

  /** Rejects with `signal.reason` when that aborts first. */
  wait(waitedFor: WaitedFor, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const waiters = this.#waitersFor(waitedFor)
      const leave = () => {
        signal?.removeEventListener('abort', onAbort)
        waiters.delete(waiter)
        if (waiters.size === 0 && this.#waiters.get(waitedFor) === waiters) this.#waiters.delete(waitedFor)
      }
      const onAbort = () => waiter.reject(signal?.reason)
      const waiter: Waiter = {
        resolve() {
          leave()
          resolve()
        },
        reject(reason) {
          leave()
          reject(reason)
        },
      }
      waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  get waitedFor(): readonly WaitedFor[] {
    return [...this.#waiters.keys()]
  }

  settle(waitedFor: WaitedFor): void {
    for (const waiter of [...(this.#waiters.get(waitedFor) ?? [])]) waiter.resolve()
  }

  /** Rejects everybody who waits now; who waits later is the caller's to refuse. */
  fail(error: Error): void {
    for (const waiter of [...this.#waiters.values()].flatMap((waiters) => [...waiters])) waiter.reject(error)
  }

  #waitersFor(waitedFor: WaitedFor): Set<Waiter> {
    const waiters = this.#waiters.get(waitedFor) ?? new Set()
    this.#waiters.set(waitedFor, waiters)
    return waiters
  }
}
