import type { ServiceClock } from './service-clock.js'

export interface BellWait {
  readonly clock: ServiceClock
  /** What `rings` was before it was looked whether there is something to wait for. */
  readonly since: number
  /** Nobody rings for what other processes change: so long at most. */
  readonly mostMs: number
  readonly signal: AbortSignal
}

/** Wakes whoever waits for something to change. */
export class Bell {
  readonly #waiting = new Set<() => void>()
  readonly #listeners = new Set<() => void>()
  #rings = 0

  /** How often it rang. */
  get rings(): number {
    return this.#rings
  }

  ring(): void {
    this.#rings += 1
    for (const told of [...this.#waiting, ...this.#listeners]) told()
  }

  /** Called at each ring. Returns the unsubscriber. */
  listen(listener: () => void): () => void {
    const registered = (): void => listener()
    this.#listeners.add(registered)
    return () => void this.#listeners.delete(registered)
  }

  /** Settles when it rings, or rang meanwhile, after `mostMs`, or with the signal; says nothing of which. */
  wait({ clock, since, mostMs, signal }: BellWait): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      const cancel = clock.after(mostMs, wake)
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      if (signal.aborted || this.#rings !== since) wake()
    })
  }
}
