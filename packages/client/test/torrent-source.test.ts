import { parseTestTorrent } from '@bae/native/testing'
import { describe, expect, it } from 'vitest'
import { createTestTorrent, FakeError } from '../src/testing/index.js'
import { buildTorrentFile, readTorrentSource } from '../src/torrent-source.js'

const read = (magnetUri: string) => readTorrentSource({ magnetUri }, parseTestTorrent)
const invalid = expect.objectContaining({ code: 'CLIENT_INVALID_SOURCE' })

describe('readTorrentSource', () => {
  it('knows the contents of a .torrent', () => {
    const test = createTestTorrent({ trackers: ['http://127.0.0.1:1/announce'] })
    const known = readTorrentSource({ torrentFile: test.torrentFile }, parseTestTorrent)
    expect(known.infoHashes).toEqual([test.infoHashV1])
    expect(known.trackers).toEqual(['http://127.0.0.1:1/announce'])
    expect(known.contents).toEqual({ layout: test.layout, metadata: test.metadata, isPrivate: false })
  })

  it('wraps what native says of bytes that are no torrent', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const attempt = () => readTorrentSource({ torrentFile: bytes }, parseTestTorrent)
    expect(attempt).toThrow(invalid)
    expect(attempt).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'NATIVE_INVALID_TORRENT' }) }),
    )
  })

  it('lets other errors of the parser through', () => {
    const missing = new FakeError('NATIVE_BINDING_NOT_FOUND', 'no addon')
    const parse = () => {
      throw missing
    }
    expect(() => readTorrentSource({ torrentFile: new Uint8Array() }, parse)).toThrow(missing)
  })

  it('reads the info hashes and trackers of a magnet link', () => {
    const v1 = 'A'.repeat(40)
    const v2 = '0123456789abcdef'.repeat(4)
    const known = read(`magnet:?xt=urn:btih:${v1}&xt=urn:btmh:1220${v2}&dn=x&tr=udp%3A%2F%2F127.0.0.1%3A1`)
    expect(known.infoHashes).toEqual([v1.toLowerCase(), v2])
    expect(known.trackers).toEqual(['udp://127.0.0.1:1'])
    expect(known.contents).toBeUndefined()
  })

  it('reads a base32 info hash', () => {
    expect(read('magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH').infoHashes).toEqual([
      '0123456789abcdef0123456789abcdef01234567',
    ])
  })

  it('hands on the words of a magnet link in the case that libtorrent reads', () => {
    const known = read(`MAGNET:?xt=URN:BTIH:${'A'.repeat(40)}&dn=URN`)
    expect(known.request).toEqual({ magnetUri: `magnet:?xt=urn:btih:${'A'.repeat(40)}&dn=URN` })
    expect(known.infoHashes).toEqual(['a'.repeat(40)])
  })

  it('reads an info hash that is there twice', () => {
    const [hex, base32] = ['0123456789ABCDEF0123456789ABCDEF01234567', 'AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH']
    expect(read(`magnet:?xt=urn:btih:${hex}&xt=urn:btih:${base32}`).infoHashes).toEqual([hex.toLowerCase()])
  })

  it('refuses what is no magnet link, or names no info hash or two', () => {
    const wrong = [
      '',
      'http://127.0.0.1/x',
      'magnet:',
      'magnet:?',
      'magnet:?dn=x',
      'magnet:?xt=urn:btih:123',
      'magnet:?xt=urn:btmh:1220ab',
      `magnet:?xt=urn:btih:${'0'.repeat(40)}`,
      `magnet:?xt=urn:btih:${'a'.repeat(40)}&xt=urn:btih:${'b'.repeat(40)}`,
    ]
    for (const uri of wrong) expect(() => read(uri)).toThrow(invalid)
  })
})

describe('the files that a magnet link selects', () => {
  const filesOf = (so: string) => read(`magnet:?xt=urn:btih:${'a'.repeat(40)}&so=${so}`).files

  it('are those of all its ranges, each once', () => {
    expect(filesOf('2,0,4-6,5-7,x,3-1,-9,1e3')).toEqual([2, 0, 4, 5, 6, 7])
    expect(filesOf('x')).toBeUndefined()
  })

  it('are bounded, however many ranges there are', () => {
    expect(
      filesOf(Array.from({ length: 50 }, (_, at) => `${at * 99_999}-${at * 99_999 + 99_998}`).join()),
    ).toHaveLength(100_000)
    expect(filesOf(Array.from({ length: 50 }, () => '0-99999999999999999999').join())).toHaveLength(100_000)
  })
})

describe('buildTorrentFile', () => {
  it('makes a .torrent of the same info hash, with the trackers', () => {
    const test = createTestTorrent()
    for (const trackers of [[], ['http://127.0.0.1:1/a', 'udp://127.0.0.1:2']]) {
      const parsed = parseTestTorrent(buildTorrentFile(test.metadata.infoSection, trackers))
      expect(parsed.layout.infoHashV1).toBe(test.infoHashV1)
      expect(parsed.trackers).toEqual(trackers)
    }
  })
})
