import { expect, it } from 'vitest'
import { createTorrentId } from '../src/torrent-id.js'

it('makes UUIDs of version 7 that carry their time and differ', () => {
  const id = createTorrentId(0x0193a7c01234)
  expect(id).toMatch(/^0193a7c0-1234-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(createTorrentId(0x0193a7c01234)).not.toBe(id)
  expect(createTorrentId(1) < createTorrentId(2)).toBe(true)
})
