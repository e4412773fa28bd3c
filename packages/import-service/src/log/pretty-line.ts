import { printable } from '../cli/cli-output.js'

/** '16:04:05 warn  the message key=value': what pino writes, for people. */
export function prettyLine(line: string): string {
  const { level, time, pid: _, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>
  const clock = new Date(String(time)).toTimeString().slice(0, 8)
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`)
  return printable([clock, String(level).padEnd(5), String(msg), ...rest].join(' '))
}

/** An error as its code and messages, anything else as it is written. */
function shown(value: unknown): string {
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value
  if (typeof value !== 'object' || value === null || !('message' in value)) return JSON.stringify(value)
  const code = 'code' in value ? ` [${value.code}]` : ''
  const cause = 'cause' in value ? `: ${shown(value.cause)}` : ''
  return `${value.message}${code}${cause}`
}
