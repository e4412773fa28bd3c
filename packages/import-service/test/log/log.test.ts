import { describe, expect, it } from 'vitest'
import { ImportError } from '../../src/errors.js'
import { openLog } from '../../src/log/log.js'
import { redact } from '../../src/log/redact.js'

function logInto(lines: string[], isPretty = false) {
  return openLog({ level: 'info', isPretty, write: (line) => lines.push(line) })
}

const announce = 'https://tracker.example:8443/0123456789abcdef/announce?passkey=fedcba'
const hash = 'a'.repeat(40)

describe('a line of the log', () => {
  it('is an object with level, time and process', () => {
    const lines: string[] = []
    logInto(lines).info({ importId: '1', pieces: 3 }, 'an import began')
    expect(lines).toHaveLength(1)
    const { time, ...rest } = JSON.parse(lines[0] ?? '')
    expect(rest).toEqual({
      level: 'info',
      pid: process.pid,
      importId: '1',
      pieces: 3,
      msg: 'an import began',
    })
    expect(new Date(time).toISOString()).toBe(time)
  })

  it('has of an error its code and what it was caused by, and the stack only where there is no code', () => {
    const lines: string[] = []
    const cause = new TypeError('undefined is no function')
    logInto(lines).error({ err: new ImportError('IMPORT_DATABASE', 'it failed', { cause }) }, 'no')
    expect(JSON.parse(lines[0] ?? '').err).toEqual({
      code: 'IMPORT_DATABASE',
      message: 'it failed',
      cause: { message: 'undefined is no function', stack: expect.stringContaining('log.test') },
    })
  })

  it('is written at the level of the moment alone', () => {
    const lines: string[] = []
    const log = logInto(lines)
    log.debug({}, 'not yet')
    log.level = 'debug'
    log.debug({}, 'now')
    log.level = 'error'
    log.warn({}, 'no more')
    log.level = 'silent'
    log.error({}, 'nothing')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['now'])
    expect(log.level).toBe('silent')
  })

  it('is short for people, in one line without what could move a cursor', () => {
    const lines: string[] = []
    const error = new ImportError('IMPORT_BUSY', 'taken', { cause: new ImportError('IMPORT_CLOSED', 'gone') })
    logInto(lines, true).warn({ id: '1', name: 'a\nb', count: 2, error }, 'an import\u001b[2J waits')
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d warn {2}an import\?\[2J waits id=1 name="a\\nb" count=2 error=taken \[IMPORT_BUSY\]: gone \[IMPORT_CLOSED\]$/,
      ),
    ])
  })

  it.each([[false], [true]])('has no secret, wherever it is (for people: %s)', (isPretty) => {
    const lines: string[] = []
    const magnet = `magnet:?xt=urn:btih:${hash}&tr=${encodeURIComponent(announce)}&dn=x`
    const cause = new Error(`cannot reach postgres://bae:pa'ss"wo\\rd@db.example/bae`)
    const fields = {
      announce,
      deep: [{ magnet }],
      err: new Error(`${announce} said passkey=fedcba is wrong`, { cause }),
      torrentFile: new TextEncoder().encode(announce),
    }
    logInto(lines, isPretty).error(fields, `no answer of ${announce}`)
    const text = lines.join('')
    expect(text).not.toMatch(/0123456789abcdef|fedcba|pa'|ss"|wo\\|rd@/)
    expect(text).toContain('https://tracker.example:8443/...')
    expect(text).toContain('postgres://db.example/...')
    expect(text).toContain(`magnet:?xt=urn:btih:${hash}`)
  })
})

describe('redact', () => {
  it.each([
    ['udp://user:key@[2001:db8::1]:6969/announce', 'udp://[2001:db8::1]:6969/...'],
    ['http://key.tracker.example', 'http://key.tracker.example/...'],
    ['wss://tracker.example?key=1 and more', 'wss://tracker.example/... and more'],
    ['http://user:1/2@tracker.example/', 'http://user:1/...'],
    ['postgres://a:b@c@db/x', 'postgres://db/...'],
    ['postgres://!b', 'postgres://.../...'],
    [`MAGNET:?dn=x&xt=urn:btmh:1220${hash}&tr=udp%3A%2F%2Ft`, `magnet:?xt=urn:btmh:1220${hash}`],
    ['torrent_pass=abc&uploaded=1', 'torrent_pass=...&uploaded=1'],
    ['a sentence: nothing // in it', 'a sentence: nothing // in it'],
  ])('%s', (text, expected) => {
    expect(redact(text)).toBe(expected)
  })
})
