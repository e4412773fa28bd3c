import { describe, expect, it } from 'vitest'
import { SerialQueue } from '../src/serial-queue.js'
import { createHeld } from './open-client.js'

describe('SerialQueue', () => {
  it('begins an operation only when the last one has ended', async () => {
    const queue = new SerialQueue()
    const held = createHeld()
    const order: string[] = []
    const first = queue.run(async () => {
      order.push('first begins')
      await held.promise
      order.push('first ends')
    })
    const second = queue.run(async () => order.push('second begins'))
    held.release()
    await Promise.all([first, second])
    expect(order).toEqual(['first begins', 'first ends', 'second begins'])
  })

  it('keeps a failure from those who come later', async () => {
    const queue = new SerialQueue()
    const failing = queue.run(() => Promise.reject(new Error('mine')))
    const next = queue.run(async () => 'fine')
    await expect(failing).rejects.toThrow('mine')
    await expect(next).resolves.toBe('fine')
    await queue.idle()
  })
})
