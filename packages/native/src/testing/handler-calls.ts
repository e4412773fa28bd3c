import { NativeError } from '../errors.js'

/** Calls of a StorageHandler as native makes them: each ends by its deadline, or at once when the session closes. */
export class HandlerCalls {
  readonly #deadlineMs: number
  readonly #inFlight = new Map<Promise<unknown>, number | undefined>()
  readonly #giveUps = new Set<(reason: NativeError) => void>()
  #isAborted = false

  constructor(options: { readonly deadlineMs: number }) {
    this.#deadlineMs = options.deadlineMs
  }

  /** `onAnswered` runs when the handler itself has settled, however late. An exception counts as a rejection. */
  make<T>(call: () => Promise<T>, storageIndex?: number, onAnswered?: () => void): Promise<T> {
    if (this.#isAborted) return Promise.reject(aborted('the session closed'))
    const result = this.#limited(call, onAnswered)
    this.#inFlight.set(result, storageIndex)
    void Promise.allSettled([result]).then(() => this.#inFlight.delete(result))
    return result
  }

  /** A call that is still made when the session closes. */
  makeLast<T>(call: () => Promise<T>): Promise<T> {
    return this.#limited(call)
  }

  /** Settles when all calls of this index have ended. */
  async settled(storageIndex: number): Promise<void> {
    const ofIndex = [...this.#inFlight].filter(([, index]) => index === storageIndex)
    await Promise.allSettled(ofIndex.map(([result]) => result))
  }

  /** Ends what is open. */
  abort(): void {
    this.#isAborted = true
    for (const giveUp of [...this.#giveUps]) giveUp(aborted('the session closed'))
  }

  #limited<T>(call: () => Promise<T>, onAnswered?: () => void): Promise<T> {
    const answer = new Promise<T>((resolve) => resolve(call()))
    if (onAnswered) void Promise.allSettled([answer]).then(onAnswered)
    return new Promise((resolve, reject) => {
      const giveUp = (reason: NativeError) => {
        clearTimeout(timer)
        this.#giveUps.delete(giveUp)
        reject(reason)
      }
      const timer = setTimeout(() => giveUp(aborted('its deadline passed')), this.#deadlineMs)
      this.#giveUps.add(giveUp)
      const end = () => {
        clearTimeout(timer)
        this.#giveUps.delete(giveUp)
      }
      answer.then(resolve, reject).finally(end)
    })
  }
}

function aborted(why: string): NativeError {
  return new NativeError('NATIVE_REQUEST_ABORTED', `a storage call was given up: ${why}`)
}
