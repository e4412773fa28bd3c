import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createHashLane, type HashLaneJob } from '../../src/index.js'

// The types of Node do not name it.
declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
}

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

const zeroes = (): [Uint8Array, Uint8Array] => [new Uint8Array(32), new Uint8Array(32)]
/** Of a tree of four leaves, none of which is there. */
const zeroRoot = sha256(sha256(...zeroes()), sha256(...zeroes()))

const lane = createHashLane()

describe('a hash lane', () => {
  beforeEach((context) => {
    if (lane === undefined) context.skip('needs a processor with SHA extensions')
  })

  const create = () => createHashLane() as NonNullable<typeof lane>
  const job = (
    bytes: HashLaneJob['bytes'],
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

  it.each([
    ['shared', () => new SharedArrayBuffer(block)],
    ['of WebAssembly', () => new WebAssembly.Memory({ initial: 1 }).buffer],
  ])('leaves memory that cannot be given back where it is: %s', async (_, make) => {
    const bytes = new Uint8Array(make(), 0, block)
    bytes.set(madeBytes(block, 3))
    const [made] = await create().hash([job(bytes, [0, block, 1], { isGiven: true })])
    expect(made?.sha1).toEqual(sha1(madeBytes(block, 3)))
    expect(bytes).toEqual(madeBytes(block, 3))
  })

  it('reads files, each of its own length, with memory that it uses again', async () => {
    const one = create()
    const [first, second] = [madeBytes(3 * block + 5, 3), madeBytes(2 * block, 5)]
    const folder = await mkdtemp(join(tmpdir(), 'bae-lane-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = async (name: string, bytes: Uint8Array) => {
      await writeFile(join(folder, name), bytes)
      return { path: join(folder, name), lengthBytes: bytes.length }
    }
    const [a, b] = [await file('Übung', first), await file('b', second)]
    const tree = { wantsLeaves: true, treeLeaves: 4 }
    const whole = (bytes: HashLaneJob['bytes'], length: number) => job(bytes, [0, length, 1], tree)
    const read = [whole(a, first.length), whole(b, second.length)]
    const expected = await create().hash([whole(first, first.length), whole(second, second.length)])
    expect(await one.hash(read)).toEqual(expected)
    one.close()
    expect(await one.hash([read[1], read[0]] as HashLaneJob[])).toEqual([expected[1], expected[0]])
    expect(await one.hash([whole(await file('none', first.subarray(0, 0)), 0)])).toEqual([
      { leaves: new Uint8Array(0), root: zeroRoot, sha1: sha1() },
    ])
  })

  it('has no answer for a file that it could not read, and goes on where it was', async () => {
    const one = create()
    const folder = await mkdtemp(join(tmpdir(), 'bae-lane-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const [begin, end] = [madeBytes(1_000, 3), madeBytes(2_000, 5)]
    const path = join(folder, 'file')
    await writeFile(path, end)
    await one.hash([job(begin, [0, 1_000, 0]), job(begin, [0, 1_000, 0])])
    const missing = [
      { path: join(folder, 'none'), lengthBytes: 2_000 },
      { path: folder, lengthBytes: 2_000 },
      { path, lengthBytes: 1_999 },
      { path, lengthBytes: 2_001 },
      { path: '', lengthBytes: 2_000 },
    ]
    for (const bytes of missing) {
      const length = Math.min(bytes.lengthBytes, 2_000)
      expect(
        (await one.hash([job(begin, []), job(bytes, [0, length, 1], { wantsLeaves: true })]))[1],
      ).toBeUndefined()
    }
    const [left, right] = await one.hash([
      job({ path, lengthBytes: 2_000 }, [0, 2_000, 1]),
      job(end, [0, 2_000, 1]),
    ])
    expect([left?.sha1, right?.sha1]).toEqual([sha1(begin, end), sha1(begin, end)])
  })

  it('refuses what is no job, and two lists at a time only of itself', async () => {
    const bytes = new Uint8Array(10)
    const wrong: unknown[] = [
      undefined,
      [1],
      [job(bytes, []), job(bytes, []), job(bytes, [])],
      [{ ...job(bytes, []), bytes: 'text' }],
      [{ ...job(bytes, []), isGiven: 1 }],
      [{ ...job(bytes, []), bytes: {} }],
      [job({ path: 'a\0b', lengthBytes: 1 }, [])],
      [job({ path: 'a', lengthBytes: -1 }, [])],
      [job({ path: 'a', lengthBytes: 2 ** 31 }, [])],
      [job({ path: 'a', lengthBytes: 10 }, [0, 11, 1])],
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
