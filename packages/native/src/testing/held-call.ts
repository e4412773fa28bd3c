/** A promise that a test settles by hand. */
export interface HeldCall {
  readonly promise: Promise<void>
  release(): void
}

export function createHeldCall(): HeldCall {
  let release = (): void => {}
  const promise = new Promise<void>((resolve) => {
    release = resolve
  })
  return { promise, release }
}

/** Rejects when `promise` has not settled in time, so that a hang fails with a sentence. */
export async function settlesWithin<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not settle within ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets whatever waits only for its turn in the event loop have it. */
export async function severalTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
