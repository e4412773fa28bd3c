import { describe, expect, it } from 'vitest'
import { Turns } from '../src/turns.js'

function createHeld() {
  let release = (): void => {}
  const promise = new Promise<void>((resolve) => {
    release = resolve
  })
  return { promise, release }
}

const never = new AbortController().signal

describe('Turns', () => {
  it('lets so many work at a time, and the others in the order in which they came', async () => {
    const turns = new Turns(2)
    const works = [0, 1, 2, 3].map(() => createHeld())
    const begun: number[] = []
    const all = works.map((work, index) =>
      turns.take(never, async () => {
        begun.push(index)
        await work.promise
        return index
      }),
    )
    expect(begun).toEqual([0, 1])
    works[1]?.release()
    expect(await all[1]).toBe(1)
    expect(begun).toEqual([0, 1, 2])
    for (const work of works) work.release()
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3])
  })

  it('passes the turn of one that failed to the next', async () => {
    const turns = new Turns(1)
    const failing = turns.take(never, () => Promise.reject(new Error('mine')))
    const next = turns.take(never, async () => 'fine')
    await expect(failing).rejects.toThrow('mine')
    expect(await next).toBe('fine')
  })

  it('forgets whoever does not want to wait any more', async () => {
    const turns = new Turns(1)
    const [held, stop] = [createHeld(), new AbortController()]
    const first = turns.take(never, () => held.promise)
    const second = turns.take(stop.signal, async () => 'second')
    const third = turns.take(never, async () => 'third')
    stop.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    await expect(turns.take(stop.signal, async () => 'fourth')).rejects.toThrow('enough')
    held.release()
    await first
    expect(await third).toBe('third')
    expect(await turns.take(never, async () => 'fifth')).toBe('fifth')
  })
})
