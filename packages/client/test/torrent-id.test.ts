import { describe, expect, it } from 'vitest'
import { createTorrentId } from '../src/torrent-id.js'

describe('createTorrentId', () => {
  it('makes a UUID of version 7 and the right variant', () => {
    for (let index = 0; index < 200; index++) {
      expect(createTorrentId()).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
    }
  })

  it('begins with the milliseconds since 1970', () => {
    const nowAtMs = Date.UTC(2031, 4, 6)
    const hex = createTorrentId(nowAtMs).replaceAll('-', '').slice(0, 12)
    expect(Number.parseInt(hex, 16)).toBe(nowAtMs)
    expect(createTorrentId(1)).toMatch(/^00000000-0001-7/)
  })

  it('sorts by age and never repeats', () => {
    expect(createTorrentId(1_000) < createTorrentId(1_001)).toBe(true)
    expect(new Set(Array.from({ length: 1_000 }, () => createTorrentId(5))).size).toBe(1_000)
  })
})
