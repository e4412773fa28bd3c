import { describe, expect, it } from 'vitest'
import { PieceWaiters } from '../src/piece-waiters.js'

describe('PieceWaiters', () => {
  it('settles all who wait for a piece, and nobody else', async () => {
    const waiters = new PieceWaiters()
    const settled: string[] = []
    const first = waiters.wait(4, undefined).then(() => settled.push('first'))
    const second = waiters.wait(4, undefined).then(() => settled.push('second'))
    const other = waiters.wait(5, undefined).then(() => settled.push('other'))
    waiters.settle(4)
    await Promise.all([first, second])
    expect(settled).toEqual(['first', 'second'])
    waiters.settle(5)
    await other
  })

  it('rejects everybody with the one error', async () => {
    const waiters = new PieceWaiters()
    const waiting = [
      waiters.wait(0, undefined),
      waiters.wait('finished', undefined),
      waiters.wait('metadata', undefined),
    ]
    const error = new Error('the torrent failed')
    waiters.fail(error)
    for (const result of await Promise.allSettled(waiting))
      expect(result).toEqual({ status: 'rejected', reason: error })
  })

  it('rejects with the reason of the signal, and leaves the others waiting', async () => {
    const waiters = new PieceWaiters()
    const aborter = new AbortController()
    const patient = waiters.wait(1, undefined)
    const impatient = waiters.wait(1, aborter.signal)
    const reason = new Error('too late')
    aborter.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    await expect(waiters.wait(1, aborter.signal)).rejects.toBe(reason)
    waiters.settle(1)
    await patient
  })

  it('lets a waiter ask for the next piece while it is settled', async () => {
    const waiters = new PieceWaiters()
    const both = waiters.wait(1, undefined).then(() => waiters.wait(1, undefined))
    waiters.settle(1)
    await Promise.resolve()
    await Promise.resolve()
    waiters.settle(1)
    await both
  })
})
