import { expect, it } from 'vitest'
import { parseMagnet, parseTorrentFile } from '../../src/index.js'
import { createTestTorrent } from '../../src/testing/test-torrent.js'

const hash = 'c'.repeat(40)

it('parses what a magnet link says', () => {
  const uri =
    `magnet:?xt=urn:btih:${hash}&xt=urn:btmh:1220${'d'.repeat(64)}&dn=An%20album` +
    '&tr=http%3A%2F%2Fa%2Fannounce&tr=udp%3A%2F%2Fb%3A1&ws=http%3A%2F%2Fweb%2Ffiles&x.pe=127.0.0.1:6881&so=1,3'
  expect(parseMagnet(uri)).toEqual({
    infoHashV1: hash,
    infoHashV2: 'd'.repeat(64),
    name: 'An album',
    trackers: [
      { url: 'http://a/announce', tier: 0 },
      { url: 'udp://b:1', tier: 1 },
    ],
    webSeeds: ['http://web/files'],
    peers: [{ host: '127.0.0.1', port: 6881 }],
    filePriorities: [0, 4, 0, 4],
  })
  expect(parseMagnet(`magnet:?xt=urn:btih:${hash}`)).toEqual({
    infoHashV1: hash,
    trackers: [],
    webSeeds: [],
    peers: [],
  })
})

it('parses what a .torrent file says beside its info section', () => {
  const bare = Buffer.from(createTestTorrent('parsed').torrentFile)
  const info = bare.subarray('d4:info'.length, -1)
  const torrentFile = Buffer.concat([
    Buffer.from('d8:announce4:u://13:announce-listll4:u://el4:v://4:w://ee7:comment5:hello'),
    Buffer.from('10:created by4:test13:creation datei1700000000e4:info'),
    info,
    Buffer.from('8:url-list9:http://w/e'),
  ])
  const parsed = parseTorrentFile(torrentFile)
  expect(parsed).toMatchObject({
    webSeeds: ['http://w/'],
    comment: 'hello',
    creator: 'test',
    createdAtMs: 1_700_000_000_000,
    isPrivate: false,
  })
  expect(parsed.trackerEntries.map(({ tier }) => tier)).toEqual([0, 1, 1])
  expect(parsed.trackerEntries.map(({ url }) => url)).toEqual(parsed.trackers)
  expect(parsed.metadata.infoSection).toEqual(Uint8Array.from(info))
  expect(parseTorrentFile(bare)).not.toHaveProperty('comment')
})

it('tells where links point to, below the folder of the torrent', () => {
  const link = (name: string, target: string) =>
    `d4:attr1:l6:lengthi0e4:pathl${name}e12:symlink pathl${target}ee`
  const files = `d6:lengthi1e4:pathl3:sub4:fileee${link('1:a', '3:sub4:file')}${link('1:b', '3:sub')}${link('3:sub1:c', '2:..3:etc')}`
  const info = `d5:filesl${files}e4:name3:top12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}e`
  const { layout } = parseTorrentFile(Buffer.from(`d4:info${info}e`))
  expect(layout.files.map(({ kind, symlinkTarget }) => [kind, symlinkTarget])).toEqual([
    ['file', undefined],
    ['symlink', ['sub', 'file']],
    ['symlink', ['sub']],
    ['symlink', ['sub', 'c']],
  ])
})

it.each(['', 'magnet:', 'magnet:?xt=urn:btih:zz', 'http://example', 'magnet:?xt=urn:btmh:1220ab'])(
  'refuses the link %j',
  (uri) => {
    expect(() => parseMagnet(uri)).toThrowError(expect.objectContaining({ code: 'NATIVE_INVALID_TORRENT' }))
  },
)

it('refuses other things than text and bytes', () => {
  const invalid = expect.objectContaining({ code: 'NATIVE_INVALID_ARGUMENT' })
  for (const value of [undefined, null, 7, {}, [], Symbol('x'), new Float64Array(2), new ArrayBuffer(8)]) {
    expect(() => parseMagnet(value as string)).toThrowError(invalid)
    expect(() => parseTorrentFile(value as Uint8Array)).toThrowError(invalid)
  }
})

it('finds nothing in a torrent file that was given away', () => {
  const bytes = Uint8Array.from(createTestTorrent('detached').torrentFile)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  expect(() => parseTorrentFile(bytes)).toThrowError(
    expect.objectContaining({ code: 'NATIVE_INVALID_TORRENT' }),
  )
})

/** A .torrent of one file of as many bytes as these pieces have. */
function torrentOfPieces(pieces: number): Uint8Array {
  const hashBytes = 20 * pieces
  const head = `d4:infod6:lengthi${pieces * 16_384}e4:name1:x12:piece lengthi16384e6:pieces${hashBytes}:`
  return Buffer.concat([Buffer.from(head), Buffer.alloc(hashBytes), Buffer.from('ee')])
}

const nested = (levels: number): Uint8Array => Buffer.from(`d1:a${'l'.repeat(levels)}${'e'.repeat(levels)}e`)

it('says which limit of libtorrent a torrent is beyond', () => {
  expect(parseTorrentFile(torrentOfPieces(0x20_0000)).layout.totalLengthBytes).toBe(0x20_0000 * 16_384)
  const values = Buffer.concat([Buffer.from('d1:al'), Buffer.alloc(10_000_000, '0:'), Buffer.from('ee')])
  const manyValues = Buffer.concat([Buffer.from('d1:al'), Buffer.alloc(20_000_000, '0:'), Buffer.from('ee')])
  for (const beyond of [
    { bytes: torrentOfPieces(0x20_0001), limit: 'more than 2097152 pieces' },
    { bytes: nested(100), limit: 'more than 100 levels of lists and dictionaries' },
    { bytes: manyValues, limit: 'more than 10000000 bencoded values' },
  ]) {
    expect(() => parseTorrentFile(beyond.bytes)).toThrowError(
      expect.objectContaining({
        code: 'NATIVE_TORRENT_LIMIT',
        message: `libtorrent takes no torrent with ${beyond.limit}`,
      }),
    )
  }
  for (const within of [values, nested(98)]) {
    expect(() => parseTorrentFile(within)).toThrowError(
      expect.objectContaining({ code: 'NATIVE_INVALID_TORRENT' }),
    )
  }
})
