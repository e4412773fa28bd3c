import { describe, expect, it } from 'vitest'
import { evictionBytes, limitsOf, mayBegin } from '../src/cache/cache-limits.js'
import { SpaceAccount } from '../src/cache/space-account.js'
import type { TorrentId } from '../src/torrent-layout.js'

const [a, b] = ['a', 'b'] as [TorrentId, TorrentId]

describe('limits', () => {
  it('leave half of the capacity to whole chunks where there is a remote store, else nothing', () => {
    expect(limitsOf(800, true)).toEqual({ capacityBytes: 800, stagingBytes: 400, beginBytes: 300 })
    expect(limitsOf(800, false)).toEqual({ capacityBytes: 800, stagingBytes: 800, beginBytes: 800 })
  })

  it('let a chunk be begun up to three quarters of the staging, and never beyond the staging', () => {
    const limits = limitsOf(800, true)
    expect([mayBegin(limits, 300, 100), mayBegin(limits, 300, 101), mayBegin(limits, 301, 1)]).toEqual([
      true,
      false,
      false,
    ])
    expect(mayBegin(limitsOf(Number.POSITIVE_INFINITY, true), 1e15, 1e15)).toBe(true)
  })

  it('evict a little more than is wanted from a large cache', () => {
    expect(evictionBytes(limitsOf(640, true), 7)).toBe(10)
    expect(evictionBytes(limitsOf(640, true), 70)).toBe(70)
    expect(evictionBytes(limitsOf(2 ** 40, true), 1)).toBe(16 << 20)
  })
})

describe('SpaceAccount', () => {
  it('counts whole chunks and what is kept for those being filled', () => {
    const account = new SpaceAccount(1000)
    account.add(100)
    account.keep({ torrentId: a, fileIndex: 0, chunk: 1 }, 50)
    account.keep({ torrentId: a, fileIndex: 0, chunk: 1 }, 60)
    account.keep({ torrentId: b, fileIndex: 0, chunk: 1 }, 7)
    expect([account.freeBytes, account.stagedBytes, account.keptForTorrent(a)]).toEqual([833, 67, 60])
    expect(account.end({ torrentId: a, fileIndex: 0, chunk: 1 })).toBe(60)
    expect(account.end({ torrentId: a, fileIndex: 0, chunk: 1 })).toBe(0)
    account.endTorrent(b)
    account.endTorrent(b)
    expect(account.freeBytes).toBe(900)
  })

  it('knows whether a chunk that is being filled has all its bytes, or is about to', () => {
    const account = new SpaceAccount(1000)
    const chunk = { torrentId: a, fileIndex: 0, chunk: 1 }
    account.writing(chunk, 60)
    expect(account.hasWholeStaged).toBe(false)
    account.keep(chunk, 60)
    expect(account.hasWholeStaged).toBe(true)
    account.notWritten(chunk, 1)
    expect(account.hasWholeStaged).toBe(false)
    account.writing(chunk, 1)
    expect(account.hasWholeStaged).toBe(true)
    account.end(chunk)
    account.notWritten(chunk, 60)
    expect(account.hasWholeStaged).toBe(false)
  })

  it('takes the lower of two upper bounds, and never less than nothing', () => {
    const account = new SpaceAccount(1000)
    account.add(100)
    account.lower(150, account.addedBytes)
    expect(account.localBytes).toBe(100)
    account.lower(30, account.addedBytes)
    expect(account.localBytes).toBe(30)
    account.remove(31)
    expect(account.localBytes).toBe(0)
  })

  it('keeps what came while the records were counted', () => {
    const account = new SpaceAccount(1000)
    account.add(100)
    const { addedBytes } = account
    account.arriving(50)
    account.arrived(50, { recorded: true })
    account.lower(70, addedBytes)
    expect(account.localBytes).toBe(120)
  })
})
