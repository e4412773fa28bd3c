import { describe, expect, it } from 'vitest'
import { RemoteCalls } from '../src/cache/remote-calls.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'

describe('a list of a remote store', () => {
  it('is ended when it is left, and lets go of what it holds open', async () => {
    const calls = new RemoteCalls(new MemoryChunkStore(), { remoteDeadlineMs: 10_000, firstRetryMs: 1 })
    let isOpen = false
    async function* names() {
      isOpen = true
      try {
        yield* ['one', 'another']
      } finally {
        isOpen = false
      }
    }
    for await (const name of calls.each('listing', {}, names)) {
      expect([name, isOpen]).toEqual(['one', true])
      break
    }
    await expect.poll(() => isOpen).toBe(false)
  })
})
