import { describe, expect, it } from 'vitest'
import type { AbortOptions } from '../src/abort-options.js'
import { CacheManager } from '../src/cache/cache-manager.js'
import { chunkKeyOf } from '../src/chunk-key.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { collect, rejectsWithCode } from '../src/compliance/expectations.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import type { StoreOperation } from '../src/testing/intercepted-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'

const chunkSizeBytes = 65_536
const bytes = patternBytes(3, 1000)
const key = chunkKeyOf(bytes, chunkSizeBytes)
const absent = chunkKeyOf(patternBytes(4, 1000), chunkSizeBytes)
const manifest = '0199c0de-0000-7000-8000-000000000001.complete'
const broken = new Error('the line is cut')

/** A cache before a remote store that has one chunk and one manifest, and fails or waits as told. */
async function open(remoteDeadlineMs = 15_000) {
  const objects = new MemoryChunkStore()
  await objects.put(key, bytes)
  await objects.manifests.put(manifest, bytes)
  const slow = new SlowChunkStore(objects)
  const remote = new FaultyChunkStore(slow)
  const store = await CacheManager.open(
    { local: new MemoryChunkStore(), remote, database: new MemoryDatabase() },
    { chunkSizeBytes, remoteDeadlineMs, firstRetryMs: 1 },
  )
  return { store, remote, slow }
}

interface Path {
  readonly operation: StoreOperation
  readonly run: (store: CacheManager, options?: AbortOptions) => Promise<unknown>
  readonly whenThere: unknown
}

const paths: Record<string, Path> = {
  'reading a chunk': {
    operation: 'get',
    run: (store, options) => store.get(key, options),
    whenThere: bytes,
  },
  'looking for a chunk': {
    operation: 'has',
    run: (store, options) => store.has(key, options),
    whenThere: true,
  },
  'asking where a chunk is': {
    operation: 'has',
    run: (store, options) => store.places(key, options),
    whenThere: { local: false, remote: true },
  },
  'healing a chunk': {
    operation: 'get',
    run: (store, options) => store.heal(key, options),
    whenThere: true,
  },
  'listing chunks': {
    operation: 'list',
    run: (store, options) => collect(store.list('', options)),
    whenThere: [key],
  },
  'reading a manifest': {
    operation: 'manifests.get',
    run: (store, options) => store.manifests.get(manifest, options),
    whenThere: bytes,
  },
  'listing manifests': {
    operation: 'manifests.list',
    run: (store, options) => collect(store.manifests.list(options)),
    whenThere: [manifest],
  },
  'deleting a manifest': {
    operation: 'manifests.delete',
    run: (store, options) => store.manifests.delete(manifest, options),
    whenThere: undefined,
  },
}

describe.each(Object.entries(paths))('a remote store, while %s,', (_, { operation, run, whenThere }) => {
  it('that fails is STORAGE_UNAVAILABLE with the cause, and answers when it is back', async () => {
    const { store, remote } = await open(20)
    remote.fail(operation, broken, { times: 1e9 })
    await expect(run(store)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: broken })
    remote.clearScript()
    expect(await run(store)).toEqual(whenThere)
    await store.close()
  })

  it('that hangs is STORAGE_UNAVAILABLE', async () => {
    const { store, slow } = await open(20)
    slow.hold(operation)
    await rejectsWithCode('STORAGE_UNAVAILABLE', run(store))
    slow.release(operation)
    await store.close()
  })

  it('that hangs is left by a caller who aborts, with the reason', async () => {
    const { store, slow } = await open()
    slow.hold(operation)
    const abort = new AbortController()
    const running = run(store, { signal: abort.signal })
    await slow.whenHeld(operation)
    abort.abort(broken)
    await expect(running).rejects.toBe(broken)
    slow.release(operation)
    await store.close()
  })

  it('is not asked by a cache that is closed: STORAGE_CLOSED', async () => {
    const { store, remote } = await open()
    await store.close()
    remote.fail(operation, broken)
    await rejectsWithCode('STORAGE_CLOSED', run(store))
    expect(remote.scriptIsDone).toBe(false)
  })
})

describe('a cache before a remote store', () => {
  it('says of what is in neither that it is absent', async () => {
    const { store } = await open()
    expect(await store.get(absent)).toBeUndefined()
    expect(await store.has(absent)).toBe(false)
    expect(await store.heal(absent)).toBe(false)
    expect(await store.places(absent)).toEqual({ local: false, remote: false })
    await store.close()
  })

  it('that lies says STORAGE_CORRUPT, and heals nothing with it', async () => {
    const { store, remote } = await open()
    remote.lie('get', { times: 4 })
    await rejectsWithCode('STORAGE_CORRUPT', store.get(key))
    expect(await store.heal(key)).toBe(false)
    expect(remote.scriptIsDone).toBe(true)
    await store.close()
  })

  it('is closed in time while that does not close, and without what it says after', async () => {
    class EndlessStore extends MemoryChunkStore {
      end: (error: Error) => void = () => {}
      override close(): Promise<void> {
        return new Promise((_, reject) => {
          this.end = reject
        })
      }
    }
    const remote = new EndlessStore()
    const deps = { local: new MemoryChunkStore(), remote, database: new MemoryDatabase() }
    const store = await CacheManager.open(deps, { chunkSizeBytes, remoteDeadlineMs: 20 })
    await store.close()
    remote.end(broken)
  })

  it('rejects where closing that fails', async () => {
    class BrokenStore extends MemoryChunkStore {
      override close(): Promise<void> {
        return Promise.reject(broken)
      }
    }
    const deps = { local: new MemoryChunkStore(), remote: new BrokenStore(), database: new MemoryDatabase() }
    const store = await CacheManager.open(deps, { chunkSizeBytes })
    await expect(store.close()).rejects.toBe(broken)
  })
})
