import { asNativeError } from './errors.js'
import type { HashLane } from './hash-lane-jobs.js'
import { loadBinding } from './load-binding.js'

/**
 * Hashes two streams of bytes beside each other, off the JavaScript thread, in little more than the time of one.
 * `undefined` where the processor has no SHA extensions: then Node hashes as fast.
 */
export function createHashLane(): HashLane | undefined {
  const addon = loadBinding()
  if (!addon.hasHashLanes()) return undefined
  const lane = new addon.HashLane()
  let last: Promise<unknown> = Promise.resolve()
  return {
    hash(jobs) {
      const hashing = last.then(async () => {
        try {
          return await lane.hash(jobs)
        } catch (error) {
          throw asNativeError(error)
        }
      })
      // What one rejects with is not thrown again by the next one.
      last = hashing.catch(() => undefined)
      return hashing
    },
    close: () => lane.close(),
  }
}
