import type { Sample } from './fold-stacks.js'

/** What only one kind of thread calls. Node does not name its threads. */
const signs: readonly (readonly [RegExp, string])[] = [
  [/HasherThread/, 'hashing'],
  [/^node::worker::Worker/, 'JavaScript worker'],
  [/PlatformWorkerThread/, 'compiling and collecting'],
  [/^worker$|^uv__/, 'thread pool'],
  [/libtorrent/, 'network (libtorrent)'],
]
const unknown = 'other threads'

/** What the thread of each sample does: by what it is seen in most. */
export function nameThreads(samples: readonly Sample[]): (sample: Sample) => string {
  const seen = new Map<number, Map<string, number>>()
  for (const { threadId, frames } of samples) {
    const [, name] = signs.find(([sign]) => frames.some((frame) => sign.test(frame.name))) ?? []
    if (name === undefined) continue
    const counts = seen.get(threadId) ?? new Map<string, number>()
    seen.set(threadId, counts.set(name, (counts.get(name) ?? 0) + 1))
  }
  return ({ command, processId, threadId }) => {
    if (command !== 'node') return command
    if (processId === threadId) return 'JavaScript'
    const [most] = [...(seen.get(threadId) ?? [])].toSorted(([, a], [, b]) => b - a)
    return most?.[0] ?? unknown
  }
}
