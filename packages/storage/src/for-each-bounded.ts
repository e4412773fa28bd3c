/**
 * Runs `body` for each item, at most `limit` at once. After a failure nothing new is begun; settles only
 * when everything begun has settled, so memory lent to `body` is free again, and rejects with the first
 * failure.
 */
export async function forEachBounded<T>(
  items: Iterable<T>,
  limit: number,
  body: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  let failed = false
  const work = async (): Promise<void> => {
    for (let next = iterator.next(); !failed && !next.done; next = iterator.next()) {
      try {
        await body(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: limit }, work))
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}
