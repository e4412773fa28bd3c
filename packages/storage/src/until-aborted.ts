import { onAbort } from './on-abort.js'

/** Settles as `work` does, or rejects with the signal's reason before; `work` goes on for whoever else waits for it. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work
  let leave = (): void => {}
  try {
    signal.throwIfAborted()
    const aborted = new Promise<never>((_, reject) => {
      leave = onAbort(signal, () => reject(signal.reason))
    })
    return await Promise.race([work, aborted])
  } finally {
    leave()
    work.catch(() => {})
  }
}
