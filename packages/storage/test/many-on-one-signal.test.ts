import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { News } from '../src/cache/news.js'
import { CheckedChunkStore } from '../src/checked-chunk-store.js'
import { chunkKeyOf } from '../src/chunk-key.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { ChunkStore } from '../src/chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { onAbort } from '../src/on-abort.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import { CachedLibrary, chunkSizeBytes } from './cached-library.js'

/** More than Node finds usual on one signal. */
const count = 30
const contents = Array.from({ length: count }, (_, index) => patternBytes(index, 1000))
const keys = contents.map((bytes) => chunkKeyOf(bytes, chunkSizeBytes))

let warnings: Error[]
const keep = (warning: Error): unknown => warnings.push(warning)

beforeEach(() => {
  warnings = []
  process.on('warning', keep)
})

afterEach(() => process.off('warning', keep))

async function putAll(store: Pick<ChunkStore, 'put'>): Promise<void> {
  for (const [index, key] of keys.entries()) await store.put(key, contents[index]!)
}

async function slowChecked() {
  const slow = new SlowChunkStore(new MemoryChunkStore())
  await putAll(slow)
  return { slow, store: new CheckedChunkStore(slow, { checks: 'first' }) }
}

async function slowRemote() {
  const library = new CachedLibrary(2 * count)
  await putAll(library.remoteObjects)
  return { slow: library.slow, store: await library.open() }
}

describe.each([
  ['chunks that are checked', slowChecked],
  ['chunks that are fetched', slowRemote],
])('many who ask with one signal for %s', (_, open) => {
  it('are answered, and are no leak to warn of', async () => {
    const { slow, store } = await open()
    const { signal } = new AbortController()
    slow.hold('get')
    const reads = keys.map((key) => store.get(key, { signal }))
    await slow.whenHeld('get', count)
    await turn()
    slow.release('get')
    expect(await Promise.all(reads)).toEqual(contents)
    expect(warnings).toEqual([])
    await store.close()
  })

  it('all hear when it aborts', async () => {
    const { slow, store } = await open()
    const abort = new AbortController()
    slow.hold('get')
    const reads = keys.map((key) => store.get(key, { signal: abort.signal }))
    await slow.whenHeld('get', count)
    const reason = new Error('nobody wants them')
    abort.abort(reason)
    const settled = await Promise.allSettled(reads)
    expect(settled).toEqual(keys.map(() => ({ status: 'rejected', reason })))
    slow.release('get')
    await store.close()
  })
})

it('many who wait for news with one signal are no leak to warn of', async () => {
  const news = new News()
  const { signal } = new AbortController()
  const waits = keys.map(() => news.next(undefined, { signal }))
  await turn()
  news.tell()
  expect(await Promise.all(waits)).toEqual(keys.map(() => true))
  expect(warnings).toEqual([])
})

describe('whoever waits for a signal', () => {
  it('and left hears nothing, and the last one takes the listener away', () => {
    const abort = new AbortController()
    const listening: string[] = []
    const { signal } = abort
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listening.push('added')
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listening.push('removed')
      removeEventListener.apply(signal, args)
    }
    const told: string[] = []
    const leaves = ['a', 'b'].map((name) => onAbort(signal, () => told.push(name)))
    leaves[0]!()
    leaves[0]!()
    expect(listening).toEqual(['added'])
    leaves[1]!()
    expect(listening).toEqual(['added', 'removed'])
    const leave = onAbort(signal, () => told.push('c'))
    abort.abort()
    leave()
    expect(told).toEqual(['c'])
  })
})
