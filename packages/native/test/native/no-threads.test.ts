import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'

const child = fileURLToPath(new URL('./no-threads-child.mjs', import.meta.url))

/** Less than the stack of a thread takes. */
const LEFT_BYTES = 4 * 1024 * 1024

let closing: ChildProcess | undefined
afterEach(() => closing?.kill('SIGKILL'))

function usedBytes(pid: number): number {
  const [, kibibytes] = /^VmSize:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * 1024
}

function limitMemory(pid: number, limit: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--as=${limit}:unlimited`])
}

async function nextMessage(from: ChildProcess): Promise<unknown> {
  const [message] = await once(from, 'message')
  return message
}

it('refuses to close a session for which there is no thread, which goes on until there is one', async () => {
  closing = fork(child)
  expect(await nextMessage(closing)).toBe('open')
  const pid = closing.pid ?? 0
  limitMemory(pid, usedBytes(pid) + LEFT_BYTES)
  closing.send('close')
  expect(await nextMessage(closing)).toEqual({ refusal: 'NATIVE_SESSION_FAILED' })
  limitMemory(pid, 'unlimited')
  closing.send('close again')
  expect(await nextMessage(closing)).toEqual({ sentBytes: 0 })
  expect(await once(closing, 'exit')).toEqual([0, null])
})
