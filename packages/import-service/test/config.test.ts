import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'

const someone = { isRoot: false, homeDirectory: '/home/someone' }
const root = { isRoot: true, homeDirectory: '/root' }

describe('readConfig', () => {
  it.each([
    ['--library wins', { library: '/flag' }, { BAE_LIBRARY: '/variable' }, someone, '/flag'],
    ['then BAE_LIBRARY', {}, { BAE_LIBRARY: '/variable', XDG_DATA_HOME: '/xdg' }, someone, '/variable'],
    ['then the XDG data folder', {}, { XDG_DATA_HOME: '/xdg' }, someone, '/xdg/bae'],
    ['then its usual place', {}, {}, someone, '/home/someone/.local/share/bae'],
    [
      'empty variables do not count',
      {},
      { BAE_LIBRARY: '', XDG_DATA_HOME: '' },
      someone,
      '/home/someone/.local/share/bae',
    ],
    ['root has a place of its own', {}, {}, root, '/var/lib/bae'],
    ['which BAE_LIBRARY moves', {}, { BAE_LIBRARY: '/variable' }, root, '/variable'],
  ])('%s', (_, flags, environment, user, expected) => {
    expect(readConfig(flags, environment, user).libraryDirectory).toBe(expected)
  })

  it('makes relative folders absolute', () => {
    const config = readConfig({ library: 'music' }, { BAE_STATE: 'state' }, someone)
    expect(config).toEqual({
      libraryDirectory: `${process.cwd()}/music`,
      stateDirectory: `${process.cwd()}/state`,
    })
  })

  it.each([
    ['1048576', 1_048_576],
    ['200 GiB', 200 * 2 ** 30],
    ['1.5tib', 1.5 * 2 ** 40],
    [' 64 KiB ', 65_536],
    ['7 B', 7],
  ])('takes the capacity from BAE_CAPACITY: %s', (text, capacityBytes) => {
    expect(readConfig({ library: '/l' }, { BAE_CAPACITY: text, BAE_REMOTE: '/r' }, someone)).toEqual({
      libraryDirectory: '/l',
      capacityBytes,
      remoteDirectory: '/r',
    })
  })

  it.each(['much', '10 GB', '-1', '1e9', '9999999 PiB', '.5 GiB'])('refuses a capacity of %s', (text) => {
    expect(() => readConfig({}, { BAE_CAPACITY: text }, someone)).toThrow(/BAE_CAPACITY/)
  })

  it('takes where to listen from BAE_LISTEN', () => {
    expect(readConfig({ library: '/l' }, { BAE_LISTEN: '127.0.0.1:0' }, someone)).toEqual({
      libraryDirectory: '/l',
      listenInterfaces: '127.0.0.1:0',
    })
  })

  it('takes when reads are checked from BAE_CHECK_READS, and nothing else than it knows', () => {
    expect(readConfig({ library: '/l' }, { BAE_CHECK_READS: 'always' }, someone).checkReads).toBe('always')
    expect(() => readConfig({ library: '/l' }, { BAE_CHECK_READS: 'never' }, someone)).toThrow(
      'BAE_CHECK_READS is "first" or "always", not "never"',
    )
  })

  it('takes what stored bytes survive from BAE_DURABILITY, and nothing else than it knows', () => {
    expect(readConfig({ library: '/l' }, { BAE_DURABILITY: 'power' }, someone).durability).toBe('power')
    expect(() => readConfig({ library: '/l' }, { BAE_DURABILITY: 'forever' }, someone)).toThrow(
      expect.objectContaining({ code: 'IMPORT_USAGE' }),
    )
  })

  it('takes the database from BAE_DATABASE_URL', () => {
    const databaseUrl = 'postgres://someone@db.example/bae'
    expect(readConfig({ library: '/l' }, { BAE_DATABASE_URL: databaseUrl }, someone)).toEqual({
      libraryDirectory: '/l',
      databaseUrl,
    })
  })
})
