import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileCalls } from '../file-calls.js'
import { errnoOf } from '../io-error.js'
import { patternBytes } from './bytes.js'
import { sameBytes } from './expectations.js'
import { Lent } from './lent.js'
import { type Clauses, runClauses, type TestApi } from './test-api.js'

const page = 4096

/** Not among the types of Node 20. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } }

/** Memory that begins at a page of the machine: only a WebAssembly memory promises it. */
export function alignedBytes(seed: number, length: number): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(length / 65_536) })
  const bytes = new Uint8Array(memory.buffer, 0, length)
  bytes.set(patternBytes(seed, length))
  return bytes
}

/** Rejects as a call of Node's `fs` does. Those that know a file by its descriptor know no path. */
async function fails(
  working: Promise<unknown>,
  expected: { readonly code: string; readonly syscall: string; readonly path: string },
): Promise<void> {
  await assert.rejects(working, (error: NodeJS.ErrnoException) => {
    const { code, syscall, path = syscall === 'read' ? expected.path : undefined, errno, message } = error
    assert.deepEqual({ code, syscall, path }, expected)
    assert.ok(errno !== undefined && errno < 0)
    assert.ok(message.startsWith(`${code}: `) && message.includes(`, ${syscall}`), message)
    assert.equal(errnoOf(error), code)
    return true
  })
}

/** Of a folder whose name is not ASCII. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bae-Blöcke 块-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const writeClauses: Clauses<FileCalls> = {
  'bytes lie where they were written, in a file that is made for the first of them': (files) =>
    inFolder(async (folder) => {
      const path = join(folder, 'file')
      const bytes = patternBytes(1, 3 << 20)
      assert.equal(await files.write(path, 10, bytes.subarray(5, 1_000_005), false), 1_000_000)
      assert.equal(await files.write(path, 0, bytes.subarray(0, 20), false), 20)
      const expected = new Uint8Array(1_000_010)
      expected.set(bytes.subarray(5, 1_000_005), 10)
      expected.set(bytes.subarray(0, 20))
      sameBytes(await readFile(path), expected, 'file')
      assert.equal(await files.write(path, 0, bytes, false), bytes.length)
      sameBytes(await readFile(path), bytes, 'written over')
    }),

  'a write of nothing makes a file, and shortens none': (files) =>
    inFolder(async (folder) => {
      const path = join(folder, 'file')
      assert.equal(await files.write(path, 0, new Uint8Array(0), false), 0)
      assert.equal((await readFile(path)).length, 0)
      await writeFile(path, 'bytes')
      await files.write(path, 3, new Uint8Array(0), false)
      assert.equal(await readFile(path, 'utf8'), 'bytes')
    }),

  'a direct write says how much of it is there, or that it is not wanted': (files) =>
    inFolder(async (folder) => {
      const path = join(folder, 'file')
      for (const [bytes, refusedBy] of [
        [alignedBytes(1, 8 * page), ['open']],
        [alignedBytes(2, 9 * page).subarray(1, 1 + 8 * page), ['open', 'write']],
      ] as const) {
        const written = await files.write(path, page, bytes, true).catch((error: NodeJS.ErrnoException) => {
          assert.equal(errnoOf(error), 'EINVAL')
          assert.ok((refusedBy as readonly (string | undefined)[]).includes(error.syscall))
          return 0
        })
        assert.ok(written <= bytes.length)
        const there =
          written === 0 ? new Uint8Array(0) : (await readFile(path)).subarray(page, page + written)
        sameBytes(there, bytes.subarray(0, written), 'written past the page cache')
      }
    }),

  'a write says that the folder is missing, or what is in its place': (files) =>
    inFolder(async (folder) => {
      const path = join(folder, 'none', 'file')
      for (const isDirect of [false, true]) {
        const missing = { code: 'ENOENT', syscall: 'open', path }
        await fails(files.write(path, 0, alignedBytes(1, page), isDirect), missing)
      }
      await fails(files.write(folder, 0, patternBytes(1, 1), false), {
        ...{ code: 'EISDIR', syscall: 'open', path: folder },
      })
    }),

  'many at once do not mix': (files) =>
    inFolder(async (folder) => {
      const seeds = Array.from({ length: 64 }, (_, seed) => seed)
      const path = (seed: number): string => join(folder, String(seed))
      await Promise.all(seeds.map((seed) => files.write(path(seed), 0, patternBytes(seed, 50_000), false)))
      await Promise.all(
        seeds.map(async (seed) => {
          const into = new Uint8Array(50_000)
          await files.read(path(seed), 0, into)
          sameBytes(into, patternBytes(seed, 50_000), `file ${seed}`)
        }),
      )
    }),
}

const readClauses: Clauses<FileCalls> = {
  'a read fills the memory that it is lent, and nothing around it': (files) =>
    inFolder(async (folder) => {
      const path = join(folder, 'file')
      const bytes = patternBytes(1, 3 << 20)
      await writeFile(path, bytes)
      for (const [offset, length] of [
        [0, bytes.length],
        [1, 70_001],
        [bytes.length - 1, 1],
        [5, 0],
      ] as const) {
        const lent = new Lent(length)
        assert.equal(await files.read(path, offset, lent.into), length)
        lent.sameBytes(lent.into, bytes.subarray(offset, offset + length))
      }
    }),

  'a read ends where the file does': (files) =>
    inFolder(async (folder) => {
      const path = join(folder, 'file')
      await writeFile(path, 'bytes')
      const into = new Uint8Array(10)
      assert.equal(await files.read(path, 3, into), 2)
      assert.equal(Buffer.from(into.subarray(0, 2)).toString(), 'es')
      assert.equal(await files.read(path, 5, into), 0)
      assert.equal(await files.read(path, 2 ** 40, into), 0)
    }),

  'a read says that there is no file, and of a folder that it is one': (files) =>
    inFolder(async (folder) => {
      const path = join(folder, 'none')
      for (const length of [0, 1])
        await fails(files.read(path, 0, new Uint8Array(length)), { code: 'ENOENT', syscall: 'open', path })
      await fails(files.read(folder, 0, new Uint8Array(1)), {
        ...{ code: 'EISDIR', syscall: 'read', path: folder },
      })
    }),
}

const renameClauses: Clauses<FileCalls> = {
  'a file gets a name that is free, and keeps its own where that is taken': (files) =>
    inFolder(async (folder) => {
      const [one, two, name] = [join(folder, 'one'), join(folder, 'two'), join(folder, 'Name ñ')]
      await writeFile(one, 'one')
      await writeFile(two, 'two')
      assert.equal(await files.renameUnlessThere(one, name), true)
      assert.equal(await files.renameUnlessThere(two, name), false)
      assert.deepEqual([await readFile(name, 'utf8'), await readFile(two, 'utf8')], ['one', 'two'])
      await fails(files.renameUnlessThere(one, join(folder, 'free')), {
        ...{ code: 'ENOENT', syscall: 'rename', path: one },
      })
    }),

  'a rename says that the folder is missing, or that it cannot be': (files) =>
    inFolder(async (folder) => {
      const one = join(folder, 'one')
      await writeFile(one, 'one')
      await fails(files.renameUnlessThere(one, join(folder, 'none', 'one')), {
        ...{ code: 'ENOENT', syscall: 'rename', path: one },
      })
      const outer = join(folder, 'outer')
      await mkdir(outer)
      await fails(files.renameUnlessThere(outer, join(outer, 'inner')), {
        ...{ code: 'EINVAL', syscall: 'rename', path: outer },
      })
      assert.equal(await readFile(one, 'utf8'), 'one')
    }),
}

/** The contract of FileCalls, a test a clause. */
export function fileCallsCompliance(api: TestApi, files: FileCalls): void {
  api.describe('file calls', () => {
    runClauses(api, { ...writeClauses, ...readClauses, ...renameClauses }, files)
  })
}
