import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import { readTorrentInput, type TorrentInput } from '../src/torrent-input.js'
import { createHeld, rejectionOf } from './open-client.js'

const { torrentFile } = createTestTorrent()
const hash = 'ab'.repeat(20)

async function fileWith(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bae-input-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'a.torrent')
  await writeFile(path, bytes)
  return path
}

it('takes the bytes of a .torrent as they are', async () => {
  expect(await readTorrentInput(torrentFile)).toEqual({ torrentFile })
  expect(await readTorrentInput({ torrentFile })).toEqual({ torrentFile })
})

it('reads a path and a file URL', async () => {
  const path = await fileWith(torrentFile)
  for (const input of [path, pathToFileURL(path), pathToFileURL(path).href]) {
    expect(await readTorrentInput(input)).toEqual({ torrentFile })
  }
})

it('reads a stream of Node and any other that gives bytes', async () => {
  async function* twoParts() {
    yield torrentFile.subarray(0, 10)
    yield torrentFile.subarray(10)
  }
  expect(await readTorrentInput(twoParts())).toEqual({ torrentFile })
  expect(await readTorrentInput(Readable.from([Buffer.from(torrentFile)]))).toEqual({ torrentFile })
})

it('takes magnet links and info hashes, v1 in hex and base32 and v2 in hex', async () => {
  const magnetUri = `magnet:?xt=urn:btih:${hash}`
  expect(await readTorrentInput(magnetUri)).toEqual({ magnetUri })
  expect(await readTorrentInput(new URL(magnetUri))).toEqual({ magnetUri })
  expect(await readTorrentInput({ magnetUri })).toEqual({ magnetUri })
  expect(await readTorrentInput(` ${hash.toUpperCase()} `)).toEqual({ magnetUri })
  expect(await readTorrentInput({ infoHash: hash })).toEqual({ magnetUri })
  const base32 = 'a'.repeat(32)
  expect(await readTorrentInput(base32)).toEqual({ magnetUri: `magnet:?xt=urn:btih:${base32}` })
  const v2 = 'cd'.repeat(32)
  expect(await readTorrentInput({ infoHash: v2 })).toEqual({ magnetUri: `magnet:?xt=urn:btmh:1220${v2}` })
})

it.each([
  ['a word', 'nonsense'],
  ['a web address', 'https://example.org/a.torrent'],
  ['a short info hash', { infoHash: 'abcd' }],
  ['a file that is not there', '/nowhere/a.torrent'],
  ['a number', 5 as never],
  ['nothing', undefined as never],
  ['an object without a source', {} as never],
  ['text instead of bytes', { torrentFile: 'bytes' } as never],
] satisfies [string, TorrentInput][])('refuses %s', async (_, input) => {
  expect(await rejectionOf(readTorrentInput(input))).toMatchObject({ code: 'CLIENT_INVALID_SOURCE' })
})

it('reads no more of a stream than a .torrent may have, and ends it', async () => {
  let isEnded = false
  async function* endless() {
    try {
      for (;;) yield new Uint8Array(1000)
    } finally {
      isEnded = true
    }
  }
  const error = await rejectionOf(readTorrentInput(endless(), { maxBytes: 10_000 }))
  expect(error).toMatchObject({ code: 'CLIENT_INVALID_SOURCE' })
  expect(isEnded).toBe(true)
  expect(await rejectionOf(readTorrentInput(Readable.from(['text']) as never))).toMatchObject({
    code: 'CLIENT_INVALID_SOURCE',
  })
})

it('gives up a stream that hangs with the reason of the signal', async () => {
  async function* hanging() {
    await createHeld().promise
    yield new Uint8Array()
  }
  const reason = new Error('no time')
  const aborter = new AbortController()
  const reading = rejectionOf(readTorrentInput(hanging(), { signal: aborter.signal }))
  aborter.abort(reason)
  expect(await reading).toBe(reason)
})

it('lets the error of a stream through as it is', async () => {
  const failure = new Error('the line broke')
  // biome-ignore lint/correctness/useYield: it fails before it gives anything
  async function* failing(): AsyncGenerator<Uint8Array> {
    throw failure
  }
  expect(await rejectionOf(readTorrentInput(failing()))).toBe(failure)
})
