import fs from 'node:fs'
import { mkdir, readlink, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UnflushedFiles } from '../src/chunk-store/unflushed-files.js'
import { temporaryDirectory } from './temporary-directory.js'

let directory: string
let flushed: string[]
/** Runs before each flush of a file. */
let before: (path: string) => Promise<void>

beforeEach(async () => {
  directory = await temporaryDirectory()
  flushed = []
  before = async () => {}
  for (const call of ['fdatasync', 'fsync'] as const) {
    const real = fs[call]
    const watched: typeof fs.fsync = Object.assign((descriptor: number, done: fs.NoParamCallback) => {
      const flush = async (): Promise<void> => {
        const path = (await readlink(`/proc/self/fd/${descriptor}`)).slice(directory.length + 1)
        await before(path)
        real(descriptor, (error) => {
          if (error === null) flushed.push(path)
          done(error)
        })
      }
      flush().catch(done)
    }, real)
    vi.spyOn(fs, call).mockImplementation(watched)
  }
})

afterEach(() => {
  vi.restoreAllMocks()
})

async function write(files: UnflushedFiles, name: string): Promise<string> {
  const path = join(directory, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, 'bytes')
  files.written(path)
  return path
}

async function move(files: UnflushedFiles, from: string, name: string): Promise<void> {
  const to = join(directory, name)
  await mkdir(join(to, '..'), { recursive: true })
  await rename(from, to)
  files.moved(from, to)
}

describe('UnflushedFiles', () => {
  it('flushes each written file once, and the folders that lead to it', async () => {
    const files = new UnflushedFiles(directory)
    await write(files, 'staging/t/0-0')
    await write(files, 'staging/t/0-0')
    await files.flush()
    expect([...flushed].sort()).toEqual(['', 'staging', 'staging/t', 'staging/t/0-0'])
    await files.flush()
    expect(flushed).toHaveLength(4)
  })

  it('flushes a file under the name it has by then', async () => {
    const files = new UnflushedFiles(directory)
    await move(files, await write(files, 'staging/t/0-0'), 'chunks/ab/key')
    await files.flush()
    expect(flushed.sort()).toEqual(['', 'chunks', 'chunks/ab', 'chunks/ab/key', 'staging', 'staging/t'])
  })

  it('flushes a file that is renamed before its turn comes', async () => {
    const files = new UnflushedFiles(directory)
    await Promise.all([0, 1, 2, 3].map((n) => write(files, `staging/t/0-${n}`)))
    const last = await write(files, 'staging/t/0-4')
    let moving: Promise<void> | undefined
    before = async () => {
      moving ??= move(files, last, 'chunks/ab/key')
      await moving
    }
    await files.flush()
    expect(flushed).not.toContain('staging/t/0-4')
    expect(flushed).toContain('chunks/ab/key')
  })

  it('passes over a file that is gone', async () => {
    const files = new UnflushedFiles(directory)
    files.written(join(directory, 'staging/t/never-there'))
    await files.flush()
    expect(flushed).toEqual([''])
  })

  it('has everything still to flush after a failure', async () => {
    const files = new UnflushedFiles(directory)
    await write(files, 'staging/t/0-0')
    await write(files, 'staging/t/0-1')
    before = async (path) => {
      if (path.endsWith('0-1')) throw new Error('the disk does not answer')
    }
    await expect(files.flush()).rejects.toThrow('does not answer')
    before = async () => {}
    flushed = []
    await files.flush()
    expect(flushed.slice(0, 2).sort()).toEqual(['staging/t/0-0', 'staging/t/0-1'])
  })

  it('flushes a file alone once, and again with all when that failed', async () => {
    const files = new UnflushedFiles(directory)
    const path = await write(files, 'staging/t/0-0')
    before = () => Promise.reject(new Error('the disk does not answer'))
    await expect(files.flushFile(path)).rejects.toThrow('does not answer')
    before = async () => {}
    const other = await write(files, 'staging/t/0-1')
    await files.flushFile(other)
    expect(flushed).toEqual(['staging/t/0-1'])
    await files.flush()
    expect([...flushed].sort()).toEqual(['', 'staging', 'staging/t', 'staging/t/0-0', 'staging/t/0-1'])
  })
})
