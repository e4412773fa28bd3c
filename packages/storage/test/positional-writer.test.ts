import { constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeFileCalls } from '../src/chunk-store/node-file-calls.js'
import { PositionalWriter } from '../src/chunk-store/positional-writer.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { sameBytes } from '../src/compliance/expectations.js'
import { alignedBytes } from '../src/compliance/file-calls.js'
import type { FileCalls } from '../src/file-calls.js'
import { temporaryDirectory } from './temporary-directory.js'

const direct = constants.O_DIRECT ?? 0
const page = 4096

function refusal(syscall: string): Error {
  return Object.assign(new Error('EINVAL'), { code: 'EINVAL', syscall })
}

/** The calls of the system, and what way writes went. `direct` stands for those past the page cache. */
function watchedCalls(forDirect: FileCalls['write'] = nodeFileCalls.write): {
  calls: FileCalls
  writes: ('direct' | 'cached')[]
} {
  const writes: ('direct' | 'cached')[] = []
  const write: FileCalls['write'] = (path, offset, bytes, isDirect) => {
    writes.push(isDirect ? 'direct' : 'cached')
    return (isDirect ? forDirect : nodeFileCalls.write)(path, offset, bytes, isDirect)
  }
  return { calls: { ...nodeFileCalls, write }, writes }
}

describe('PositionalWriter', () => {
  it('writes the same bytes whatever is aligned and whatever is not', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const writer = new PositionalWriter(nodeFileCalls)
    const expected = new Uint8Array(40 * page)
    const memory = alignedBytes(1, 8 * page)
    const parts = [
      [0, memory.subarray(0, 8 * page)],
      [8 * page, memory.subarray(page, 3 * page)],
      [10 * page, memory.subarray(512, 512 + page)],
      [11 * page + 5, memory.subarray(0, page)],
      [20 * page, memory.subarray(0, page + 1)],
      [2 * page, patternBytes(2, page)],
      [39 * page, Buffer.from(patternBytes(3, page))],
    ] as const
    for (const [offset, bytes] of parts) {
      await writer.write(path, offset, bytes)
      expected.set(bytes, offset)
    }
    sameBytes(await readFile(path), expected, 'file')
  })

  it('goes past the page cache only where place and length are whole pages', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const { calls, writes } = watchedCalls()
    const writer = new PositionalWriter(calls)
    const memory = alignedBytes(1, 4 * page)
    await writer.write(path, 0, memory)
    const [first] = writes
    expect(first).toBe(direct === 0 ? 'cached' : 'direct')
    writes.length = 0
    await writer.write(path, 1, memory)
    await writer.write(path, 0, memory.subarray(0, 100))
    await writer.write(path, page, memory.subarray(8, 8 + page))
    expect(writes).toEqual(['cached', 'cached', 'cached'])
  })

  it('asks a file system that refuses direct writes only once', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const { calls, writes } = watchedCalls(async () => {
      throw refusal('open')
    })
    const writer = new PositionalWriter(calls)
    const memory = alignedBytes(1, 2 * page)
    await writer.write(path, 0, memory)
    await writer.write(path, 2 * page, memory)
    expect(writes).toEqual(direct === 0 ? ['cached', 'cached'] : ['direct', 'cached', 'cached'])
    sameBytes(await readFile(path), Buffer.concat([memory, memory]), 'file')
  })

  it('tries memory that the kernel refused only once, and other memory again', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const { calls, writes } = watchedCalls(async () => {
      throw refusal('write')
    })
    const writer = new PositionalWriter(calls)
    const [one, two] = [patternBytes(1, page), patternBytes(2, page)]
    await writer.write(path, 0, one)
    await writer.write(path, page, one)
    await writer.write(path, 2 * page, two)
    const first = direct === 0 ? ['cached'] : ['direct', 'cached']
    expect(writes).toEqual([...first, 'cached', ...first])
    sameBytes(await readFile(path), Buffer.concat([one, one, two]), 'file')
  })

  it('writes all of it through the cache when a direct write was short', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const memory = alignedBytes(1, 4 * page)
    const { calls, writes } = watchedCalls((path, offset, bytes) =>
      nodeFileCalls.write(path, offset, bytes.subarray(0, page), true),
    )
    const writer = new PositionalWriter(calls)
    await writer.write(path, 0, memory)
    expect(writes).toEqual(direct === 0 ? ['cached'] : ['direct', 'cached'])
    sameBytes(await readFile(path), memory, 'file')
  })

  it('passes every other failure on', async () => {
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'open' })
    const writer = new PositionalWriter({ ...nodeFileCalls, write: () => Promise.reject(full) })
    await expect(writer.write('anywhere', 0, patternBytes(1, page))).rejects.toBe(full)
    await expect(writer.write('anywhere', 0, patternBytes(1, 5))).rejects.toBe(full)
  })
})
