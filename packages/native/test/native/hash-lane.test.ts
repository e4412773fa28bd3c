import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { createHashLane, type HashLaneJob } from '../../src/index.js'

const block = 16_384

function madeBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * seed) ^ (at >> 8))
}

const sha1 = (...parts: Uint8Array[]) => digest('sha1', parts)
const sha256 = (...parts: Uint8Array[]) => digest('sha256', parts)

function digest(kind: string, parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(kind)
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

const lane = createHashLane()

describe('a hash lane', () => {
  beforeEach((context) => {
    if (lane === undefined) context.skip('needs a processor with SHA extensions')
  })

  const create = () => createHashLane() as NonNullable<typeof lane>
  const job = (
    bytes: Uint8Array,
    steps: readonly number[],
    more: Partial<HashLaneJob> = {},
  ): HashLaneJob => ({
    ...{ bytes, isGiven: false, wantsLeaves: false, sha1: steps },
    ...more,
  })

  it('makes the leaves of bytes and the root of the tree over them', async () => {
    const bytes = madeBytes(2 * block + 5, 3)
    const leaves = [0, block, 2 * block].map((at) => sha256(bytes.subarray(at, at + block)))
    const [a, b, c] = leaves as [Uint8Array, Uint8Array, Uint8Array]
    const zero = new Uint8Array(32)
    const root = sha256(sha256(sha256(a, b), sha256(c, zero)), sha256(sha256(zero, zero), sha256(zero, zero)))
    const [made] = await create().hash([job(bytes, [], { wantsLeaves: true, treeLeaves: 8 })])
    expect(made).toEqual({ leaves: joined(...leaves), root, sha1: new Uint8Array(0) })
  })

  it('goes on with a message in the next call, on each stream its own, and ends several in one', async () => {
    const one = create()
    const [first, second, other] = [madeBytes(1_000, 5), madeBytes(100_001, 7), madeBytes(70_000, 11)]
    const begun = one.hash([job(first, [0, 999, 0]), job(other, [0, 70_000, 1, 64, 64, 1, -1, 0, 1])])
    const ended = one.hash([job(second, [-1, 50_000, 0, 1, 100_000, 1]), job(other, [5, 60, 0, -1, 7, 1])])
    const nothing = { leaves: new Uint8Array(0), sha1: new Uint8Array(0) }
    expect(await begun).toEqual([
      nothing,
      { ...nothing, sha1: joined(sha1(other), sha1(other.subarray(64, 128)), sha1()) },
    ])
    expect(await ended).toEqual([
      { ...nothing, sha1: sha1(first.subarray(0, 999), new Uint8Array(50_000), second.subarray(1)) },
      { ...nothing, sha1: sha1(other.subarray(5, 65), new Uint8Array(7)) },
    ])
  })

  it('gives memory back as soon as it is hashed where it may, and leaves it otherwise', async () => {
    const [given, lent] = [madeBytes(block, 3), madeBytes(block, 3)]
    const made = await create().hash([job(given, [0, block, 1], { isGiven: true }), job(lent, [0, block, 1])])
    expect(given.byteLength).toBe(0)
    expect(made[0]).toEqual(made[1])
    expect(lent).toEqual(madeBytes(block, 3))
  })

  it('refuses what is no job, and two lists at a time only of itself', async () => {
    const bytes = new Uint8Array(10)
    const wrong: unknown[] = [
      undefined,
      [1],
      [job(bytes, []), job(bytes, []), job(bytes, [])],
      [{ ...job(bytes, []), bytes: 'text' }],
      [{ ...job(bytes, []), isGiven: 1 }],
      [job(bytes, [0, 11, 1])],
      [job(bytes, [9, 2, 1])],
      [job(bytes, [0, -1, 1])],
      [job(bytes, [0, 1])],
      [job(bytes, [], { treeLeaves: 3 })],
      [job(new Uint8Array(block + 1), [], { treeLeaves: 1 })],
      [job(new Uint8Array(2 ** 31), [])],
    ]
    for (const jobs of wrong)
      await expect(create().hash(jobs as HashLaneJob[]), String(jobs)).rejects.toMatchObject({
        code: 'NATIVE_INVALID_ARGUMENT',
      })
    const one = create()
    const several = [1, 2, 3].map(() => one.hash([job(bytes, [0, 10, 1])]))
    for (const made of await Promise.all(several)) expect(made[0]?.sha1).toEqual(sha1(bytes))
  })
})

it('there is a lane where the processor has SHA extensions', async () => {
  const { readFile } = await import('node:fs/promises')
  const flags = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  expect(lane !== undefined).toBe(/\bsha_ni\b/.test(flags))
})
