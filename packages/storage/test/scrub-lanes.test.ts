import { describe, expect, it } from 'vitest'
import { patternBytes } from '../src/compliance/bytes.js'
import { type HashJob, ScrubHasher } from '../src/scrub-hasher.js'
import { openScrubLanes } from '../src/scrub-lanes.js'

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

describe('the lanes of a scrub', () => {
  it('are threads where there is much to hash, and answer as one thread alone does', async () => {
    const [lane, ...others] = built.openScrubLanes(1 << 30)
    const hasher = new ScrubHasher()
    const expected = jobs().map((job) => hasher.hash(job))
    const given = jobs()
    expect(await Promise.all(given.map((job) => lane?.hash(job)))).toEqual(expected)
    expect(given[0]?.bytes?.byteLength, 'the memory has changed hands').toBe(0)
    await Promise.all([lane, ...others].map((one) => one?.close()))
  })

  it('copy what shares its memory with others', async () => {
    const lanes = built.openScrubLanes(1 << 30)
    const shared = patternBytes(1, 8 * block)
    const job = { bytes: shared.subarray(block, 5 * block), chunkSizeBytes: 4 * block, parts: [] }
    const expected = new ScrubHasher().hash(job)
    expect(await lanes[0]?.hash(job)).toEqual(expected)
    expect(shared).toEqual(patternBytes(1, 8 * block))
    await Promise.all(lanes.map((lane) => lane.close()))
  })

  it('reject what is under way, and what comes later, when they end', async () => {
    const lanes = built.openScrubLanes(1 << 30)
    const hashing = lanes[0]?.hash({ bytes: new Uint8Array(64 * block), parts: [], chunkSizeBytes: block })
    await expect(hashing).rejects.toBeInstanceOf(RangeError)
    await Promise.all(lanes.map((lane) => lane.close()))
    await expect(lanes[0]?.hash({ bytes: undefined, parts: [] })).rejects.toBeInstanceOf(Error)
  })

  it('are this thread where there is little to hash, or no file for another one', async () => {
    for (const lanes of [built.openScrubLanes(1 << 20), openScrubLanes(1 << 30)]) {
      expect(lanes).toHaveLength(1)
      const given = jobs()
      await lanes[0]?.hash(given[0] ?? { bytes: undefined, parts: [] })
      expect(given[0]?.bytes?.byteLength).toBe(4 * block)
      await lanes[0]?.close()
    }
  })
})
