import { isBaeError } from '../errors.js'
import { type CliOutput, printable } from './cli-output.js'
import { asCalled } from './help-text.js'
import { nextStepOf } from './next-steps.js'

export interface ReportErrorOptions {
  readonly json: boolean
  /** Shows the stack and all causes, for whoever looks for a fault in bae. */
  readonly debug: boolean
  /** How the user calls this program, for the commands that are advised. */
  readonly commandName: string
}

/** An error as one sentence with a code and what to do about it, null where the sentence says it; with `json` as the last event on stdout instead. */
export function reportError(output: CliOutput, error: unknown, options: ReportErrorOptions): void {
  const code = codeOf(error)
  const message = sentenceOf(error)
  const step = nextStepOf(code)
  const nextStep = step === undefined ? null : asCalled(step, options.commandName)
  if (options.json) output.printJson({ event: 'error', code, message, nextStep })
  else {
    const sentence = asCalled(message, options.commandName)
    const line = nextStep === null ? sentence : `${sentence}; ${nextStep}`
    output.note(`${output.style('red', 'bae:')} ${line} [${code}]`)
  }
  if (options.debug) output.note(describeCauses(error))
}

export function codeOf(error: unknown): string {
  return isBaeError(error) ? error.code : 'INTERNAL'
}

/** The message in one line, without characters that could move a terminal's cursor. */
export function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'something that is no error was thrown'
  const line = printable(message.trim().replace(/\s*\n\s*/g, ' '))
  return isBaeError(error) ? line : `unexpected failure: ${line}; BAE_DEBUG=1 shows more`
}

function describeCauses(error: unknown): string {
  const lines: string[] = []
  let current: unknown = error
  for (let depth = 0; current instanceof Error && depth < 10; depth += 1) {
    lines.push(`${depth === 0 ? '' : 'caused by: '}${current.stack ?? current.message}`)
    if (current instanceof AggregateError) lines.push(...current.errors.map(describeCauses))
    current = current.cause
  }
  return lines.join('\n')
}
