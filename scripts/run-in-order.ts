/**
 * Runs the jobs in the order they have: each begins when those still running leave it the room that it asks for, and
 * none overtakes. Settles with all results, in the order of the jobs.
 *
 * @param room what `needs` of all jobs running at once may add up to
 */
export async function runInOrder<Job, Result>(
  jobs: readonly Job[],
  room: number,
  needs: (job: Job) => number,
  run: (job: Job) => Promise<Result>,
): Promise<Result[]> {
  const results: Promise<Result>[] = []
  const running = new Set<Promise<unknown>>()
  let free = room
  for (const job of jobs) {
    const needed = Math.min(needs(job), room)
    while (free < needed) await Promise.race(running)
    free -= needed
    const result = run(job)
    const leave = () => {
      running.delete(over)
      free += needed
    }
    const over: Promise<void> = result.then(leave, leave)
    running.add(over)
    results.push(result)
  }
  return Promise.all(results)
}
