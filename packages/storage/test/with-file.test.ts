import fs from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nodeFileCalls } from '../src/chunk-store/node-file-calls.js'
import { readExactly } from '../src/chunk-store/read-exactly.js'
import { withFile } from '../src/chunk-store/with-file.js'
import { temporaryDirectory } from './temporary-directory.js'

async function openFile(): Promise<string> {
  const path = join(await temporaryDirectory(), 'file')
  fs.writeFileSync(path, 'bytes')
  return path
}

it('rejects with what the work throws, and closes the file', async () => {
  let used = -1
  const thrown = new Error('at once')
  const working = withFile<void>(await openFile(), 'r', (descriptor) => {
    used = descriptor
    throw thrown
  })
  await expect(working).rejects.toBe(thrown)
  expect(() => fs.fstatSync(used)).toThrow('EBADF')
})

it('rejects a read of more than there can be memory for', async () => {
  const reading = readExactly(nodeFileCalls, await openFile(), { offset: 0, length: 2 ** 52 })
  await expect(reading).rejects.toThrow(RangeError)
})
