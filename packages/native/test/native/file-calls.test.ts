import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { createFileCalls } from '../../src/index.js'

const child = fileURLToPath(new URL('./files-child.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bae-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

const files = createFileCalls()

// What they promise a chunk store is in the suite of @bae/storage (e2e/contracts).
describe('file calls', () => {
  it('refuse what is no path, no offset and no bytes', async () => {
    const { write, read, renameUnlessThere } = files as unknown as Record<
      'write' | 'read' | 'renameUnlessThere',
      (...values: unknown[]) => Promise<unknown>
    >
    const path = join(folder, 'refused')
    const bytes = new Uint8Array(1)
    for (const refused of [
      write(1, 0, bytes, false),
      write(`${path}\0.txt`, 0, bytes, false),
      write(path, -1, bytes, false),
      write(path, 0.5, bytes, false),
      write(path, 2 ** 53, bytes, false),
      write(path, 0, 'text', false),
      write(path, 0, new Uint16Array(1), false),
      write(path, 0, bytes, 1),
      read(path, 0, undefined),
      read(path, '0', bytes),
      renameUnlessThere(path, undefined),
      renameUnlessThere(path, 'a\0'),
    ])
      await expect(refused).rejects.toMatchObject({ code: 'NATIVE_INVALID_ARGUMENT' })
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('pass on that a disk is full', async () => {
    await expect(files.write('/dev/full', 0, new Uint8Array(1), false)).rejects.toMatchObject({
      ...{ name: 'Error', code: 'ENOSPC', errno: -28, syscall: 'write', path: '/dev/full' },
      message: "ENOSPC: no space left on device, write '/dev/full'",
      stack: expect.stringContaining("Error: ENOSPC: no space left on device, write '/dev/full'"),
    })
  })

  it('keep the memory that is lent to them until they end, and no longer', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const { lent, reading } = beginRead(pipe)
    await setImmediate()
    collectGarbage()
    expect(lent.deref()).toBeDefined()
    // Listened to before there is a writer, with which it ends.
    const refused = expect(reading).rejects.toMatchObject({ code: 'ESPIPE', syscall: 'read' })
    const writer = await open(pipe, 'w')
    await refused
    await writer.close()
    await setImmediate()
    collectGarbage()
    expect(lent.deref()).toBeUndefined()
  })
})

/** Into memory that nobody else knows, of a pipe, which cannot be opened before somebody writes to it. */
function beginRead(pipe: string): { lent: WeakRef<ArrayBufferLike>; reading: Promise<number> } {
  const into = new Uint8Array(1 << 20)
  return { lent: new WeakRef(into.buffer), reading: files.read(pipe, 0, into) }
}

it('a process may exit with file calls that have not ended, and waits for them where it may', () => {
  for (const [way, status] of [
    ['exit', 7],
    ['end', 0],
  ] as const) {
    const ended = spawnSync(process.execPath, [child, way, folder], { encoding: 'utf8', timeout: 50_000 })
    expect(ended).toMatchObject({ status, signal: null, stderr: '' })
  }
})

it('a worker may be terminated with file calls that have not ended', async () => {
  const worker = new Worker(child, { argv: ['stay', folder] })
  await once(worker, 'message')
  expect(await worker.terminate()).toBe(1)
  expect(await files.read(join(folder, '0'), 0, new Uint8Array(1))).toBe(1)
})
