import v8 from 'node:v8'
import { describe, expect, it } from 'vitest'
import { ConcurrencyLimit } from '../src/concurrency-limit.js'
import { forEachBounded } from '../src/for-each-bounded.js'
import { KeyedQueue } from '../src/keyed-queue.js'
import { hasSettled, held } from './library.js'

describe('KeyedQueue', () => {
  it('runs exclusive calls for one key alone and in order, and shared ones beside each other', async () => {
    const queue = new KeyedQueue<string>()
    const events: string[] = []
    const gates = { a: held(), b: held(), c: held(), d: held() }
    const call = (name: keyof typeof gates) => async (): Promise<void> => {
      events.push(`${name} begins`)
      await gates[name].promise
      events.push(`${name} ends`)
    }
    const all = [
      queue.exclusive('key', call('a')),
      queue.shared('key', call('b')),
      queue.shared('key', call('c')),
      queue.exclusive('key', call('d')),
    ]
    await hasSettled(Promise.all(all))
    expect(events).toEqual(['a begins'])
    gates.a.release()
    await all[0]
    await hasSettled(Promise.all(all))
    expect(events).toEqual(['a begins', 'a ends', 'b begins', 'c begins'])
    gates.c.release()
    await all[2]
    expect(await hasSettled(Promise.all(all))).toBe(false)
    expect(events).not.toContain('d begins')
    gates.b.release()
    gates.d.release()
    await Promise.all(all)
    expect(events.slice(-2)).toEqual(['d begins', 'd ends'])
  })

  it('does not let a failed call hold up the next one, nor one key another', async () => {
    const queue = new KeyedQueue<number>()
    const broken = new Error('broken')
    const forever = queue.exclusive(1, () => held().promise)
    const failing = queue.exclusive(2, () => Promise.reject(broken))
    const next = queue.shared(2, async () => 'well')
    await expect(failing).rejects.toBe(broken)
    expect(await next).toBe('well')
    expect(await hasSettled(forever)).toBe(false)
  })

  it('keeps nothing of shared calls that have ended, however long there is always one', async () => {
    const queue = new KeyedQueue<string>()
    const [first, last] = [held(), held()]
    const before = Number(v8.queryObjects(Promise))
    let running = queue.shared('key', () => first.promise)
    for (let call = 0; call < 1_000; call++) {
      const next = held()
      const overlapping = queue.shared('key', () => next.promise)
      if (call === 0) first.release()
      await running
      running = overlapping
      next.release()
    }
    const still = queue.shared('key', () => last.promise)
    await running
    expect(Number(v8.queryObjects(Promise)) - before).toBeLessThan(100)
    last.release()
    await still
  })
})

describe('forEachBounded', () => {
  it('runs no more than the limit at once, and all in the end', async () => {
    let running = 0
    let most = 0
    const done: number[] = []
    await forEachBounded([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      done.push(item)
    })
    expect(most).toBe(3)
    expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('begins nothing after a failure, and rejects with it when all that was begun has settled', async () => {
    const gate = held()
    const begun: number[] = []
    const broken = new Error('broken')
    const running = forEachBounded([1, 2, 3, 4], 2, async (item) => {
      begun.push(item)
      if (item === 1) throw broken
      await gate.promise
    })
    expect(await hasSettled(running)).toBe(false)
    gate.release()
    await expect(running).rejects.toBe(broken)
    expect(begun).toEqual([1, 2])
  })
})

describe('ConcurrencyLimit', () => {
  it('lets the next one in when one is done, failed or not', async () => {
    const limit = new ConcurrencyLimit(1)
    const gate = held()
    const first = limit.run(async () => {
      await gate.promise
      throw new Error('broken')
    })
    const second = limit.run(async () => 'in')
    expect(await hasSettled(second)).toBe(false)
    gate.release()
    await expect(first).rejects.toThrow('broken')
    expect(await second).toBe('in')
  })
})
