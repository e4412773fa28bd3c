import { describe, expect, it } from 'vitest'
import { readMagnetUri } from '../src/magnet-uri.js'

const hashV1 = (digit: string) => digit.repeat(40)
const hashV2 = (digit: string) => digit.repeat(64)

describe('readMagnetUri', () => {
  it('reads which files it is about, and leaves out what is no number', () => {
    const files = (so: string) => readMagnetUri(`magnet:?xt=urn:btih:${'a'.repeat(40)}&so=${so}`).files
    expect(files('0,2,4-6,x,-1,9-8')).toEqual([0, 2, 4, 5, 6])
    expect(files('x')).toBeUndefined()
  })

  it('reads each file once, and no more than a bounded number of them', () => {
    const countOf = (ranges: readonly string[]) =>
      readMagnetUri(`magnet:?xt=urn:btih:${'a'.repeat(40)}&so=${ranges.join()}`).files?.length
    expect(countOf(['1-3', '2-4'])).toBe(4)
    expect(countOf(Array.from({ length: 50 }, (_, at) => `${at}00000-${at}99999`))).toBe(100_000)
    expect(countOf(Array.from({ length: 50 }, () => '0-99999999999999999999'))).toBe(100_000)
  })

  it('reads a v1 hash in hex, any case, and a name', () => {
    const uri = `magnet:?xt=urn:btih:${hashV1('A')}&dn=An+album%21&tr=http%3A%2F%2Ftracker.example%2Fannounce`
    expect(readMagnetUri(uri)).toEqual({
      infoHashes: [hashV1('a')],
      name: 'An album!',
      trackers: ['http://tracker.example/announce'],
      peers: [],
      webSeeds: [],
    })
  })

  it('reads a v1 hash in base 32', () => {
    const { infoHashes } = readMagnetUri('magnet:?xt=urn:btih:AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT')
    expect(infoHashes).toEqual(['000102030405060708090a0b0c0d0e0f10111213'])
  })

  it('reads a hash that is there twice', () => {
    const uri = `magnet:?xt=urn:btih:AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT&xt=urn:btih:000102030405060708090A0B0C0D0E0F10111213`
    expect(readMagnetUri(uri).infoHashes).toEqual(['000102030405060708090a0b0c0d0e0f10111213'])
  })

  it('reads v2 and hybrid links', () => {
    expect(readMagnetUri(`magnet:?xt=urn:btmh:1220${hashV2('b')}`).infoHashes).toEqual([hashV2('b')])
    const hybrid = readMagnetUri(`magnet:?xt.1=urn:btih:${hashV1('c')}&xt.2=urn:btmh:1220${hashV2('d')}`)
    expect(hybrid.infoHashes).toEqual([hashV1('c'), hashV2('d')])
  })

  it.each([
    ['no topic', 'magnet:?dn=x'],
    ['nothing at all', 'magnet:'],
    ['a short hash', `magnet:?xt=urn:btih:${'a'.repeat(39)}`],
    ['a hash with a wrong digit', `magnet:?xt=urn:btih:${'g'.repeat(40)}`],
    ['base 32 with a wrong digit', `magnet:?xt=urn:btih:${'1'.repeat(32)}`],
    ['a v2 hash of another kind', `magnet:?xt=urn:btmh:1320${hashV2('a')}`],
    ['a topic of another network', 'magnet:?xt=urn:sha1:AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT'],
    ['a hash of zeros, which libtorrent takes for none', `magnet:?xt=urn:btih:${'0'.repeat(40)}`],
    ['a sound hash beside one that is none', `magnet:?xt=urn:btih:${hashV1('a')}&xt=urn:btmh:1220ab`],
    ['two torrents', `magnet:?xt=urn:btih:${hashV1('a')}&xt=urn:btih:${hashV1('b')}`],
    ['two v2 torrents', `magnet:?xt=urn:btmh:1220${hashV2('a')}&xt.1=urn:btmh:1220${hashV2('b')}`],
  ])('refuses %s', (_, uri) => {
    expect(() => readMagnetUri(uri)).toThrow(expect.objectContaining({ code: 'CLIENT_INVALID_SOURCE' }))
  })
})
