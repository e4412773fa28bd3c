// @ts-check
// Started by file-calls.test.ts with a way to end and a folder: ends that way with more file calls begun than the pool has
// threads.
import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { createFileCalls } from '../../dist/index.js'

const [, , way, folder = ''] = process.argv
const files = createFileCalls()
for (let index = 0; index < 32; index += 1) {
  const path = join(folder, String(index % 4))
  void files.write(path, 0, new Uint8Array(1 << 20).fill(index), false)
  void files.read(path, 0, new Uint8Array(1 << 20)).catch(() => undefined)
}
if (way === 'exit') process.exit(7)
if (way === 'stay') {
  parentPort?.postMessage('begun')
  setInterval(() => {}, 1 << 30)
}
