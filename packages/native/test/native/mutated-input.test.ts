import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createTorrentFile, parseMagnet, parseTorrentFile } from '../../src/index.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent } from '../../src/testing/test-torrent.js'
import { openLoopbackSession, openTorrent } from './loopback-session.js'

const ROUNDS = Number(process.env.BAE_FUZZ_ROUNDS ?? 300)
/** Always the same, for what fails must fail again. BAE_FUZZ_SEED=anything tries others. */
const seed = Number(process.env.BAE_FUZZ_SEED ?? 1)

/** The same numbers for the same seed (xorshift). */
function createRandom(state: number): (below: number) => number {
  let now = state | 1
  return (below) => {
    now ^= now << 13
    now ^= now >>> 17
    now ^= now << 5
    return (now >>> 0) % below
  }
}

const random = createRandom(seed)
const numbers = ['-1', '0', '1', '2147483647', '2147483648', '9223372036854775807', '99999999999999999999']

/** Changes bytes, cuts, repeats, or puts another number in the place of one, a few times. */
function mutated(bytes: Uint8Array): Uint8Array {
  let now = Buffer.from(bytes)
  for (let change = 0; change <= random(2); change++) {
    const at = random(now.length)
    switch (random(8)) {
      case 0:
        now[at] = random(256)
        break
      case 1:
        now = Buffer.concat([now.subarray(0, at), now.subarray(Math.min(now.length, at + 1 + random(20)))])
        break
      case 2:
        now = Buffer.concat([now.subarray(0, at), now.subarray(Math.max(0, at - random(20)))])
        break
      default:
        now = withAnotherNumber(now)
    }
    if (now.length === 0) return now
  }
  return Uint8Array.from(now)
}

function withAnotherNumber(bytes: Buffer): Buffer<ArrayBuffer> {
  // Seldom a length: then hardly anything is left to be parsed.
  const kind = random(6) === 0 ? /\d+(?=:)/g : /(?<=i)-?\d+(?=e)/g
  const found = [...bytes.toString('latin1').matchAll(kind)]
  const match = found[random(Math.max(1, found.length))]
  if (match === undefined) return Buffer.from(bytes)
  const other = numbers[random(numbers.length)] ?? ''
  const rest = bytes.subarray(match.index + match[0].length)
  return Buffer.concat([bytes.subarray(0, match.index), Buffer.from(other), rest])
}

async function sources(): Promise<readonly Uint8Array[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bae-fuzz-'))
  try {
    await writeFile(join(folder, 'a'), createTestTorrent('fuzzed', { totalLengthBytes: 100_000 }).bytes)
    await writeFile(join(folder, 'b'), 'small')
    const formats = ['v1', 'v2', 'hybrid'] as const
    const options = { trackers: ['http://t/announce'], webSeeds: ['http://w/'], comment: 'said' }
    return await Promise.all(
      formats.map((format) => createTorrentFile(folder, { ...options, format, pieceLengthBytes: 16_384 })),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

const isOurs = expect.stringMatching(/^NATIVE_(INVALID_TORRENT|INVALID_ARGUMENT|TORRENT_LIMIT)$/)

it(`gets an error or a torrent of a mutated .torrent, and can add what it parsed (seed ${seed})`, async () => {
  const files = await sources()
  const session = await openLoopbackSession({ handler: new RecordingStorage() })
  let taken = 0
  for (let round = 0; round < ROUNDS; round++) {
    const torrentFile = mutated(files[round % files.length] ?? new Uint8Array())
    try {
      parseTorrentFile(torrentFile)
      const handle = await session.addTorrent({ torrentId: `t${round}`, torrentFile })
      session.torrentStatuses([handle])
      session.fileProgress(handle)
      await session.saveResumeData(handle)
      await session.removeTorrent(handle)
      taken += 1
    } catch (error) {
      expect(error, `round ${round}`).toMatchObject({ code: isOurs })
    }
  }
  expect(taken).toBeGreaterThan(0)
})

it(`gets an error or a torrent of mutated resume data (seed ${seed})`, async () => {
  const torrent = createTestTorrent('fuzzed-resume')
  const { session, handle } = await openTorrent(torrent, [0, 1, 2])
  const saved = await session.saveResumeData(handle, { saveInfoSection: true })
  const bare = await session.saveResumeData(handle)
  await session.removeTorrent(handle)
  let taken = 0
  for (let round = 0; round < ROUNDS; round++) {
    const request =
      round % 2 === 0
        ? { resumeData: mutated(saved) }
        : { resumeData: mutated(bare), torrentFile: torrent.torrentFile }
    try {
      const added = await session.addTorrent({ torrentId: `r${round}`, ...request })
      await session.saveResumeData(added)
      session.piecePriorities(added)
      session.trackers(added)
      await session.removeTorrent(added)
      taken += 1
    } catch (error) {
      expect(error, `round ${round}`).toMatchObject({ code: isOurs })
    }
  }
  expect(taken).toBeGreaterThan(0)
})

it(`gets an error or a link of mutated magnet links (seed ${seed})`, () => {
  const link = `magnet:?xt=urn:btih:${'c'.repeat(40)}&xt=urn:btmh:1220${'d'.repeat(64)}&dn=a%20b&tr=http%3A%2F%2Fa&so=1-3,5&x.pe=[::1]:1&dht=a:1`
  for (let round = 0; round < ROUNDS * 10; round++) {
    const uri = Buffer.from(mutated(Buffer.from(link))).toString()
    try {
      parseMagnet(uri)
    } catch (error) {
      expect(error, uri).toMatchObject({ code: isOurs })
    }
  }
})
