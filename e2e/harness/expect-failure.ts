import { expect } from 'vitest'
import { isError } from './bae-events.js'
import type { BaeLibrary } from './bae-library.js'
import { type BaeResult, bae } from './bae-process.js'
import type { ProgramOptions } from './child-program.js'

export interface ExpectedFailure {
  readonly code: string | RegExp
  readonly exit?: 1 | 2
}

/**
 * Runs a command that must fail as a user may expect it: with one sentence and its code, without a stack trace;
 * as text and as JSON alike.
 */
export async function expectFailure(
  library: BaeLibrary,
  args: readonly string[],
  expected: ExpectedFailure,
  options: ProgramOptions = {},
): Promise<void> {
  const { exit = 1 } = expected
  const code = typeof expected.code === 'string' ? new RegExp(`^${expected.code}$`) : expected.code
  const asJson = await bae(library, [...args, '--json'], options)
  const last = asJson.events.at(-1)
  if (!isError(last))
    throw new Error(`no error at the end: exit ${asJson.code} ${asJson.stdout}${asJson.stderr}`)
  expect(last.code).toMatch(code)
  expectOneSentence(last.message)
  expect(asJson.code).toBe(exit)
  const asText = await bae(library, args, options)
  expect(asText.code).toBe(exit)
  const said = asText.stderr.trimEnd().split('\n')
  expect(said.at(-1)).toContain(`[${last.code}]`)
  expectOneSentence(said.at(-1) ?? '')
  expect(asText.stderr).not.toMatch(/^\s+at /m)
}

/** The command ended with this exit code, and its last event is this error; no stack trace was shown. */
export function expectError(result: BaeResult, exit: number, code: string): void {
  const last = result.events.at(-1)
  expect({ exit: result.code, code: isError(last) ? last.code : last }).toEqual({ exit, code })
  expect(result.stderr).not.toMatch(/^\s+at /m)
}

function expectOneSentence(message: string): void {
  expect(message).toMatch(/\S+ \S+/)
  expect(message).not.toContain('\n')
  expect(message).not.toMatch(/undefined|\[object|Error:|node:internal/)
  expect(message.length).toBeLessThan(400)
}
