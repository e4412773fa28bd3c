import assert from 'node:assert/strict'
import { isBaeError, type StorageErrorCode } from '../errors.js'

/** Rejects with an error of ours that has this code. */
export async function rejectsWithCode(code: StorageErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(
      isBaeError(error, code),
      `expected ${code}, got ${error instanceof Error ? error.stack : 'no error'}`,
    )
    return true
  })
}

/** Rejects with this very value. */
export async function rejectsWithReason(reason: unknown, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => error === reason)
}

/** Says where the first difference is: a diff of a MiB helps nobody. */
export function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  assert.ok(actual !== undefined, `${what}: there are no bytes`)
  assert.equal(actual.length, expected.length, `${what}: length`)
  if (Buffer.compare(actual, expected) === 0) return
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  assert.fail(`${what}: byte ${at} is ${actual[at]}, not ${expected[at]}`)
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}
