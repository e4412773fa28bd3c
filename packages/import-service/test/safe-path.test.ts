import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { safeName, safePaths } from '../src/safe-path.js'

const long = 'é'.repeat(200)

const names: readonly [why: string, name: string, safe: string][] = [
  ['a plain name stays', 'song.flac', 'song.flac'],
  ['spaces and letters of all kinds stay', 'Straße 東京 – live.ogg', 'Straße 東京 – live.ogg'],
  ['a leading dot stays', '.hidden', '.hidden'],
  ['nothing becomes something', '', '_'],
  ['this folder', '.', '_'],
  ['the folder above', '..', '__'],
  ['a separator', 'a/b', 'a_b'],
  ['an absolute path', '/etc/passwd', '_etc_passwd'],
  ['the other separator', '..\\x', '.._x'],
  ['control characters', 'a\u0000b\nc\u001b[2Jd\u007fe', 'a_b_c_[2Jd_e'],
  ['text that runs backwards', 'exe.\u202egpj', 'exe._gpj'],
  ['half a surrogate pair', 'a\ud800b', 'a_b'],
  ['trailing dots and spaces', 'name. .', 'name___'],
  ['a device', 'NUL', '_NUL'],
  ['a device with an extension', 'com1.txt', '_com1.txt'],
  ['no device', 'console.txt', 'console.txt'],
  ['a long name keeps its extension', `${long}.flac`, `${'é'.repeat(125)}.flac`],
  ['a long extension is no extension', `a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
]

describe('safeName', () => {
  it.each(names)('%s', (_, name, safe) => {
    expect(safeName(name)).toBe(safe)
    expect(safeName(safe), 'doing it again changes nothing').toBe(safe)
    expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255)
  })
})

describe('safePaths', () => {
  it('keeps folders and order', () => {
    expect(safePaths([['b', 'x'], ['a'], ['b', 'c', 'y']])).toEqual(['b/x', 'a', 'b/c/y'])
  })

  it('never leaves the folder', () => {
    const hostile = [['..', '..', 'x'], ['/abs'], ['a', '..', '..', 'y'], ['.', '.'], [''], []]
    for (const path of safePaths(hostile)) {
      expect(posix.normalize(posix.join('/export', path))).toBe(`/export/${path}`)
      expect(path).not.toMatch(/(^|\/)\.{0,2}(\/|$)/)
    }
  })

  it('numbers names that are taken', () => {
    expect(safePaths([['a.txt'], ['a.txt'], ['a.txt']])).toEqual(['a.txt', 'a (2).txt', 'a (3).txt'])
    expect(safePaths([['a/b'], ['a_b']])).toEqual(['a_b', 'a_b (2)'])
  })

  it('numbers tens of thousands of one name, each looked for once', () => {
    const paths = safePaths(Array.from({ length: 50_000 }, () => ['same']))
    expect(paths.at(-1)).toBe('same (50000)')
    expect(new Set(paths).size).toBe(50_000)
  })

  it('follows tens of thousands of folders in each other', () => {
    const deep = Array.from({ length: 50_000 }, () => 'a')
    const [first, second] = safePaths([deep, deep])
    expect(first).toBe(deep.join('/'))
    expect(second).toBe(`${deep.slice(1).join('/')}/a (2)`)
  })

  it('keeps files apart in a folder that another was renamed to', () => {
    const paths = safePaths([['a'], ['a', 'x'], ['a (2)', 'x'], ['a (2)', 'x']])
    expect(paths).toEqual(['a', 'a (2)/x', 'a (2)/x (2)', 'a (2)/x (3)'])
  })

  it('keeps names apart that differ in case only', () => {
    expect(safePaths([['README'], ['readme']])).toEqual(['README', 'readme'])
  })

  it('gives no file the name of a folder, and no folder that of a file', () => {
    expect(safePaths([['a', 'b'], ['a']])).toEqual(['a/b', 'a (2)'])
    expect(safePaths([['a'], ['a', 'b'], ['a', 'c']])).toEqual(['a', 'a (2)/b', 'a (2)/c'])
  })

  it('keeps long names apart within 255 bytes', () => {
    const paths = safePaths([[long], [`${long}x`]])
    expect(new Set(paths).size).toBe(2)
    for (const path of paths) expect(Buffer.byteLength(path)).toBeLessThanOrEqual(255)
  })
})
