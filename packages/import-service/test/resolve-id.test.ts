import { describe, expect, it } from 'vitest'
import { resolveId } from '../src/resolve-id.js'
import { hashV1, hashV2, importRecord, torrentId } from './support/records.js'

const album = importRecord()
const film = importRecord({
  id: torrentId('2'),
  infoHashV1: `ab${'c'.repeat(38)}`,
  infoHashV2: hashV2('d'),
  name: 'film',
})
const records = [album, film]

describe('resolveId', () => {
  it.each([
    ['the id', torrentId('2')],
    ['the id without dashes, in capitals', torrentId('2').replaceAll('-', '').toUpperCase()],
    ['a v1 info hash', `ab${'c'.repeat(38)}`],
    ['a v2 info hash', hashV2('d')],
    ['the beginning of a hash', 'ab'],
    ['the beginning of a hash in capitals', 'DDD'],
  ])('finds an import by %s', (_, text) => {
    expect(resolveId(records, text).name).toBe('film')
  })

  it('is not confused by an import that fits twice', () => {
    expect(resolveId([importRecord({ infoHashV2: hashV2('a') })], 'aaa').name).toBe('album')
  })

  it('takes a whole name even where it begins another', () => {
    const short = importRecord({ id: torrentId('3'), infoHashV1: hashV1('e') })
    const long = importRecord({ id: torrentId('4'), infoHashV1: hashV1('0'), infoHashV2: hashV2('e') })
    expect(resolveId([long, short], hashV1('e')).id).toBe(short.id)
  })

  it('says which imports a prefix fits', () => {
    const resolve = () => resolveId(records, '0193')
    expect(resolve).toThrow(expect.objectContaining({ code: 'IMPORT_AMBIGUOUS_ID' }))
    expect(resolve).toThrow(/2 imports.*album.*film/)
  })

  it('names them as they were asked for: ids by an id, info hashes by an info hash', () => {
    expect(() => resolveId(records, '0193')).toThrow(`${album.id} (album), ${film.id} (film)`)
    expect(() => resolveId(records, 'A')).toThrow('aaaaaaaaaaa (album), abccccccccc (film)')
  })

  it.each([
    ['an unknown id', 'ffff', records],
    ['nothing', '', records],
    ['dashes alone', '--', records],
    ['anything in an empty library', 'a', []],
  ])('finds nothing by %s', (_, text, among) => {
    expect(() => resolveId(among, text)).toThrow(expect.objectContaining({ code: 'IMPORT_NOT_FOUND' }))
  })
})
