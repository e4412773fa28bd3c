import { ImportError } from '../errors.js'

/** The longest time a timer can wait is 2^31 - 1 ms. */
const longestSeconds = 2_147_483

export function parseTimeout(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (seconds > 0 && seconds <= longestSeconds) return seconds
  throw new ImportError('IMPORT_USAGE', `--timeout takes seconds, such as 30 or 2.5, not '${text}'`)
}
