import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { patternBytes } from '../src/compliance/bytes.js'
import { type HashJob, ScrubHasher } from '../src/scrub-hasher.js'
import { openScrubLanes } from '../src/scrub-lanes.js'
import { NodeHashLane } from './node-hash-lane.js'
import { temporaryDirectory } from './temporary-directory.js'

const block = 16_384
/** Only what was built has a file for its threads. */
const built = (await import(
  new URL('../dist/scrub-lanes.js', import.meta.url).href
)) as typeof import('../src/scrub-lanes.js')

/** Two chunks, three pieces of both kinds, the last with padding behind it. */
function jobs(): HashJob[] {
  const want = { sha1: true, treeBytes: 4 * block }
  const bytes = patternBytes(1, 4 * block)
  const rest = patternBytes(2, 3 * block + 5)
  const part = (piece: number, pieceOffset: number, offset: number, length: number) => ({
    ...{ piece, pieceOffset, offset, length, want },
  })
  return [
    {
      bytes,
      chunkSizeBytes: 4 * block,
      parts: [{ ...part(0, 0, 0, 3 * block), pieceLengthBytes: 3 * block }, part(1, 0, 3 * block, block)],
    },
    {
      bytes: rest,
      chunkSizeBytes: 4 * block,
      parts: [
        { ...part(1, block, 0, 2 * block), pieceLengthBytes: 3 * block },
        { ...part(2, 0, 2 * block, block + 5), pieceLengthBytes: 3 * block },
      ],
    },
    {
      bytes: undefined,
      chunkSizeBytes: 4 * block,
      parts: [{ ...part(3, 0, 0, block), pieceLengthBytes: block }],
    },
  ]
}

/** Staged parts of pieces of v1, with padding before, between and behind, one of them lost in the middle; then a tree. */
function otherJobs(): HashJob[] {
  const want = { sha1: true }
  const part = (piece: number, pieceOffset: number, length: number, pieceLengthBytes?: number) => ({
    ...{ piece, pieceOffset, offset: 0, length, want },
    ...(pieceLengthBytes !== undefined && { pieceLengthBytes }),
  })
  const staged = (seed: number, one: ReturnType<typeof part>): HashJob => ({
    bytes: patternBytes(seed, one.length),
    parts: [one],
  })
  return [
    staged(3, part(7, 100, 5_000)),
    staged(4, part(7, 6_000, 777, 20_000)),
    { bytes: undefined, parts: [part(8, 0, 900)] },
    staged(5, part(8, 1_000, 50, 1_050)),
    {
      bytes: patternBytes(6, block + 9),
      chunkSizeBytes: 2 * block,
      parts: [{ ...part(9, 0, block + 9, 2 * block), want: { sha1: true, treeBytes: 2 * block } }],
    },
  ]
}

describe('the lanes of a scrub', () => {
  it('are threads where there is much to hash, and answer as one thread alone does', async () => {
    const [lane, ...others] = built.openScrubLanes(1 << 30)
    const hasher = new ScrubHasher()
    const expected = jobs().map((job) => hasher.hash(job))
    const given = jobs()
    expect(await Promise.all(given.map((job) => lane?.hash([job])))).toEqual(expected.map((one) => [one]))
    expect(given[0]?.bytes?.byteLength, 'the memory has changed hands').toBe(0)
    await Promise.all([lane, ...others].map((one) => one?.close()))
  })

  it('copy what shares its memory with others', async () => {
    const lanes = built.openScrubLanes(1 << 30)
    const shared = patternBytes(1, 8 * block)
    const job = { bytes: shared.subarray(block, 5 * block), chunkSizeBytes: 4 * block, parts: [] }
    const expected = new ScrubHasher().hash(job)
    expect(await lanes[0]?.hash([job])).toEqual([expected])
    expect(shared).toEqual(patternBytes(1, 8 * block))
    await Promise.all(lanes.map((lane) => lane.close()))
  })

  it('reject what is under way, and what comes later, when they end', async () => {
    const lanes = built.openScrubLanes(1 << 30)
    const hashing = lanes[0]?.hash([{ bytes: new Uint8Array(64 * block), parts: [], chunkSizeBytes: block }])
    await expect(hashing).rejects.toBeInstanceOf(RangeError)
    await Promise.all(lanes.map((lane) => lane.close()))
    await expect(lanes[0]?.hash([{ bytes: undefined, parts: [] }])).rejects.toBeInstanceOf(Error)
  })

  it('are this thread where there is little to hash, or no file for another one', async () => {
    for (const lanes of [built.openScrubLanes(1 << 20), openScrubLanes(1 << 30)]) {
      expect(lanes).toHaveLength(1)
      const given = jobs()
      await lanes[0]?.hash([given[0]])
      expect(given[0]?.bytes?.byteLength).toBe(4 * block)
      await lanes[0]?.close()
    }
  })

  it('that are lent hash two stretches beside each other, and answer as one thread alone does', async () => {
    const [lane, ...others] = openScrubLanes(1 << 30, { createHashLane: () => new NodeHashLane() })
    expect(lane?.width).toBe(2)
    expect(others.every(({ width }) => width === 2)).toBe(true)
    const [left, right] = [jobs(), otherJobs()]
    const expected = [left, right].map((stretch) => {
      const hasher = new ScrubHasher()
      return stretch.map((job) => hasher.hash(job))
    })
    // The second stretch is longer.
    const answers = await Promise.all(right.map((job, at) => lane?.hash([left[at], job])))
    expect(answers.map((pair) => pair?.[0])).toEqual([...(expected[0] ?? []), undefined, undefined])
    expect(answers.map((pair) => pair?.[1])).toEqual(expected[1])
    expect(left[0]?.bytes?.byteLength, 'the memory was given').toBe(0)
  })

  it('that are lent leave what shares its memory as it is', async () => {
    const [lane] = openScrubLanes(1 << 30, { createHashLane: () => new NodeHashLane() })
    const shared = patternBytes(1, 8 * block)
    const job = { bytes: shared.subarray(block, 5 * block), chunkSizeBytes: 4 * block, parts: [] }
    expect(await lane?.hash([job])).toEqual([new ScrubHasher().hash(job), undefined])
    expect(shared).toEqual(patternBytes(1, 8 * block))
  })

  it('that are lent read files, and go on with the bytes of one that they could not read', async () => {
    const [lane] = openScrubLanes(1 << 30, { createHashLane: () => new NodeHashLane() })
    const directory = await temporaryDirectory()
    const [left, right] = [jobs(), jobs()]
    const expected = ((hasher) => right.map((job) => hasher.hash(job)))(new ScrubHasher())
    const path = join(directory, 'chunk')
    const file = ({ bytes = new Uint8Array(0), chunkSizeBytes = 0, parts }: HashJob, path: string) => ({
      ...{ bytes: { path, lengthBytes: bytes.length }, chunkSizeBytes, parts },
    })
    for (const [at, job] of right.slice(0, 2).entries()) {
      await writeFile(path, job.bytes ?? '')
      const [one, other] =
        (await lane?.hashFiles?.([left[at] && file(left[at], path), file(job, `${path}2`)])) ?? []
      expect(one).toEqual(expected[at])
      expect(other).toBeUndefined()
      expect(await lane?.hash([undefined, job])).toEqual([undefined, expected[at]])
    }
  })

  it('that are lent and read files themselves are as many as may wait for a disk, and are closed', async () => {
    const made: NodeHashLane[] = []
    const createHashLane = () => {
      const lane = new NodeHashLane()
      made.push(lane)
      return lane
    }
    const lanes = openScrubLanes(1 << 30, { createHashLane, fromFiles: true })
    expect(lanes).toHaveLength(4)
    await Promise.all(lanes.map((lane) => lane.close()))
    expect(made.map(({ isClosed }) => isClosed)).toEqual([true, true, true, true])
  })

  it('are not asked for where there is little, and threads where nobody has any', () => {
    const asked: number[] = []
    const createHashLane = () => void asked.push(1)
    expect(openScrubLanes(1 << 20, { createHashLane })).toMatchObject([{ width: 1 }])
    expect(asked).toEqual([])
    expect(openScrubLanes(1 << 30, { createHashLane })).toMatchObject([{ width: 1 }])
    expect(asked).toEqual([1])
  })
})
