/** A tenth of the time may go into the work. */
const restPerWork = 9

/** What is recorded so much later is not missed by anybody. */
const maxRestMs = 100

/**
 * Makes work of the same kind rest nine times as long as it last took, at most a tenth of a second: what comes
 * meanwhile is done in one go.
 */
export class RestBetween {
  #endsAtMs = 0
  #hurried = false
  #wake: (() => void) | undefined

  async work<T>(call: () => Promise<T>): Promise<T> {
    const beganAtMs = performance.now()
    try {
      return await call()
    } finally {
      const endedAtMs = performance.now()
      this.#endsAtMs = endedAtMs + Math.min(maxRestMs, (endedAtMs - beganAtMs) * restPerWork)
    }
  }

  /** Settles when the rest after the last work is over. One caller at a time. */
  async rest(): Promise<void> {
    const leftMs = this.#endsAtMs - performance.now()
    if (this.#hurried || leftMs <= 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  /** Ends a rest that is going on. */
  hurry(): void {
    this.#wake?.()
  }

  /** Ends a rest that is going on, and there will be none any more. */
  end(): void {
    this.#hurried = true
    this.hurry()
  }
}
