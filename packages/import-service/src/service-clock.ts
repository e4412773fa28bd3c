/** Time for the service, so that tests have their own. */
export interface ServiceClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `run` once after so long, unless what it returns is called before. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: ServiceClock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Settles after so long, or with the signal. */
export function delay(clock: ServiceClock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    if (signal?.aborted) done()
    signal?.addEventListener('abort', done, { once: true })
  })
}
