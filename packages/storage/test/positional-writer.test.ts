import fs, { constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PositionalWriter } from '../src/chunk-store/positional-writer.js'
import type { FileCalls } from '../src/chunk-store/with-file.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { sameBytes } from '../src/compliance/expectations.js'
import { temporaryDirectory } from './temporary-directory.js'

const direct = constants.O_DIRECT ?? 0
const page = 4096

/** Not among the types of Node 20. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } }

/** Memory that begins at a page of the machine: only a WebAssembly memory promises it. */
function alignedBytes(seed: number, length: number): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(length / 65_536) })
  const bytes = new Uint8Array(memory.buffer, 0, length)
  bytes.set(patternBytes(seed, length))
  return bytes
}

function refusal(syscall: string): Error {
  return Object.assign(new Error('EINVAL'), { code: 'EINVAL', syscall })
}

/** The calls of the system, and how files were opened. `direct` stands for those of a file opened for direct writes. */
function watchedCalls(forDirect: Partial<FileCalls> = {}): {
  calls: FileCalls
  opens: ('direct' | 'cached')[]
} {
  const opens: ('direct' | 'cached')[] = []
  const directOnes = new Set<number>()
  const calls: FileCalls = {
    open(path, flags, done) {
      const isDirect = direct !== 0 && (Number(flags) & direct) !== 0
      opens.push(isDirect ? 'direct' : 'cached')
      const opened = isDirect ? (forDirect.open ?? fs.open) : fs.open
      opened(path, flags, (error, descriptor) => {
        if (isDirect) directOnes.add(descriptor)
        else directOnes.delete(descriptor)
        done(error, descriptor)
      })
    },
    write(descriptor, ...rest) {
      const written = directOnes.has(descriptor) ? (forDirect.write ?? fs.write) : fs.write
      written(descriptor, ...rest)
    },
  }
  return { calls, opens }
}

describe('PositionalWriter', () => {
  it('writes the same bytes whatever is aligned and whatever is not', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const writer = new PositionalWriter()
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
    const { calls, opens } = watchedCalls()
    const writer = new PositionalWriter(calls)
    const memory = alignedBytes(1, 4 * page)
    await writer.write(path, 0, memory)
    const [first] = opens
    expect(first).toBe(direct === 0 ? 'cached' : 'direct')
    opens.length = 0
    await writer.write(path, 1, memory)
    await writer.write(path, 0, memory.subarray(0, 100))
    await writer.write(path, page, memory.subarray(8, 8 + page))
    expect(opens).toEqual(['cached', 'cached', 'cached'])
  })

  it('asks a file system that refuses direct writes only once', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const { calls, opens } = watchedCalls({ open: (_, __, done) => done(refusal('open'), -1) })
    const writer = new PositionalWriter(calls)
    const memory = alignedBytes(1, 2 * page)
    await writer.write(path, 0, memory)
    await writer.write(path, 2 * page, memory)
    expect(opens).toEqual(direct === 0 ? ['cached', 'cached'] : ['direct', 'cached', 'cached'])
    sameBytes(await readFile(path), Buffer.concat([memory, memory]), 'file')
  })

  it('tries memory that the kernel refused only once, and other memory again', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const { calls, opens } = watchedCalls({
      write: (_, __, ___, ____, _____, done) => done(refusal('write'), 0),
    })
    const writer = new PositionalWriter(calls)
    const [one, two] = [patternBytes(1, page), patternBytes(2, page)]
    await writer.write(path, 0, one)
    await writer.write(path, page, one)
    await writer.write(path, 2 * page, two)
    const first = direct === 0 ? ['cached'] : ['direct', 'cached']
    expect(opens).toEqual([...first, 'cached', ...first])
    sameBytes(await readFile(path), Buffer.concat([one, one, two]), 'file')
  })

  it('writes all of it through the cache when a direct write was short', async () => {
    const path = join(await temporaryDirectory(), 'file')
    const memory = alignedBytes(1, 4 * page)
    const { calls, opens } = watchedCalls({
      write: (descriptor, bytes, start, _, position, done) =>
        fs.write(descriptor, bytes, start, page, position, done),
    })
    const writer = new PositionalWriter(calls)
    await writer.write(path, 0, memory)
    expect(opens).toEqual(direct === 0 ? ['cached'] : ['direct', 'cached'])
    sameBytes(await readFile(path), memory, 'file')
  })

  it('passes every other failure on', async () => {
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'open' })
    const writer = new PositionalWriter({ ...fs, open: (_, __, done) => done(full, -1) })
    await expect(writer.write('anywhere', 0, patternBytes(1, page))).rejects.toBe(full)
    await expect(writer.write('anywhere', 0, patternBytes(1, 5))).rejects.toBe(full)
  })
})
