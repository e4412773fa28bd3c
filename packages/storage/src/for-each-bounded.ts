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
  const work = async (first: IteratorYieldResult<T>): Promise<void> => {
    for (let next: IteratorResult<T> = first; !failed && !next.done; next = iterator.next()) {
      try {
        await body(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  // Nearly always there is one item: no more is begun than there are.
  const working: Promise<void>[] = []
  while (working.length < limit) {
    const first = iterator.next()
    if (first.done) break
    working.push(work(first))
  }
  const outcomes = await Promise.allSettled(working)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}
