import { StorageError } from './errors.js'

/** Counts the calls in flight of something that can be closed: closing waits for them and refuses new ones. */
export class InFlightCalls {
  readonly #what: string
  readonly #calls = new Set<Promise<unknown>>()
  #closed = false

  /** `what` names the closed thing in the message. */
  constructor(what: string) {
    this.#what = what
  }

  get closed(): boolean {
    return this.#closed
  }

  refuseWhenClosed(): void {
    if (this.#closed) throw new StorageError('STORAGE_CLOSED', `${this.#what} is closed`)
  }

  /** Runs `call` at once. After `close()` it rejects STORAGE_CLOSED instead. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.refuseWhenClosed()
    const running = call()
    this.#calls.add(running)
    try {
      return await running
    } finally {
      this.#calls.delete(running)
    }
  }

  /** Settles, never rejects, when the last call in flight has settled. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#calls)
  }
}
