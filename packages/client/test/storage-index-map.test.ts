import type { TorrentId } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { StorageIndexMap } from '../src/storage-index-map.js'

const first = 'torrent-1' as TorrentId
const second = 'torrent-2' as TorrentId

describe('StorageIndexMap', () => {
  it('finds the torrent of an index', () => {
    const indices = new StorageIndexMap()
    indices.set(1, first)
    indices.set(2, second)
    expect([indices.get(1), indices.get(2)]).toEqual([first, second])
  })

  it('refuses an index that is live, and keeps whom it belonged to', () => {
    const indices = new StorageIndexMap()
    indices.set(1, first)
    expect(() => indices.set(1, second)).toThrow(
      expect.objectContaining({ code: 'CLIENT_DUPLICATE_STORAGE' }),
    )
    expect(indices.get(1)).toBe(first)
  })

  it('names an index that was never there or is gone', () => {
    const indices = new StorageIndexMap()
    indices.set(1, first)
    indices.delete(1)
    for (const index of [1, 99]) {
      expect(() => indices.get(index)).toThrow(expect.objectContaining({ code: 'CLIENT_UNKNOWN_STORAGE' }))
    }
  })

  it('knows a torrent while any index of it is live', () => {
    const indices = new StorageIndexMap()
    indices.set(1, first)
    indices.set(2, first)
    indices.delete(1)
    expect([indices.hasTorrent(first), indices.hasTorrent(second)]).toEqual([true, false])
    indices.delete(2)
    expect(indices.hasTorrent(first)).toBe(false)
  })
})
