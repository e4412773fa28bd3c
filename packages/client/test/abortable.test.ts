import { describe, expect, it } from 'vitest'
import { abortable } from '../src/abortable.js'
import { createHeld } from './open-client.js'

describe('abortable', () => {
  it('settles as the promise does when nothing aborts', async () => {
    const { signal } = new AbortController()
    await expect(abortable(Promise.resolve(7), signal)).resolves.toBe(7)
    await expect(abortable(Promise.reject(new Error('below')), signal)).rejects.toThrow('below')
    await expect(abortable(Promise.resolve(8), undefined)).resolves.toBe(8)
  })

  it('rejects with the reason itself, before and while it waits', async () => {
    const reason = new Error('enough')
    const held = createHeld()
    const aborter = new AbortController()
    const waiting = abortable(held.promise, aborter.signal)
    aborter.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(abortable(held.promise, aborter.signal)).rejects.toBe(reason)
  })
})
