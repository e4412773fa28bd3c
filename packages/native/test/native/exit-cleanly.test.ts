import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, it } from 'vitest'

const child = fileURLToPath(new URL('./exit-child.mjs', import.meta.url))

// Not the child's to remove: most of its ends leave it no time.
const folder = mkdtempSync(join(tmpdir(), 'bae-exit-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a process that ends, in the way named, while a storage call of an open session never settles. */
function endBy(way: string) {
  return spawnSync(process.execPath, [child, way, folder], { encoding: 'utf8', timeout: 50_000 })
}

it('lets the process exit with a session open and a write held', () => {
  const { status, signal } = endBy('exit')
  expect({ status, signal }).toEqual({ status: 7, signal: null })
})

it('lets an uncaught exception end the process', () => {
  const { status, signal, stderr } = endBy('throw')
  expect({ status, signal }).toEqual({ status: 1, signal: null })
  expect(stderr).toContain('thrown on purpose')
})

it('lets the process exit in the middle of close', () => {
  const { status, signal } = endBy('exit-in-close')
  expect({ status, signal }).toEqual({ status: 7, signal: null })
})

it('closes within its deadline over a write that never settles, and then lets the process end by itself', () => {
  const { status, signal, stdout } = endBy('close')
  expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: 'closed\n' })
})

it('lets a worker be terminated with a session open and a write held', async () => {
  const worker = new Worker(child, { argv: ['stay', folder] })
  await once(worker, 'message')
  expect(await worker.terminate()).toBe(1)
})

it('has sessions in two workers at once, which close while others are open', async () => {
  const staying = new Worker(child, { argv: ['stay', folder] })
  await once(staying, 'message')
  const closing = new Worker(child, { argv: ['close', folder], stdout: true })
  expect(await once(closing, 'exit')).toEqual([0])
  expect(await staying.terminate()).toBe(1)
})
