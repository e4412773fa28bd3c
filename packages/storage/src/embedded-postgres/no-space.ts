import { StorageError } from '../errors.js'

/** How PostgreSQL says that a disk or a quota is full; a write that ended in the middle is one of the ways. */
const words = /No space left|quota exceeded|wrote only \d+ of \d+ bytes/i

/** What it said of that, in what it wrote; `undefined` where it said nothing of the kind. */
export function noSpaceIn(written: string): string | undefined {
  const line = written.split('\n').findLast((each) => words.test(each))
  // Without the time and number of the process, and what initdb was about to do.
  return line?.replace(/^.*\b(?:error|ERROR|FATAL|PANIC): +/, '').trim()
}

export function noSpace(directory: string, why: string, cause?: unknown): StorageError {
  return new StorageError('STORAGE_NO_SPACE', `no space for the database in "${directory}": ${why}`, {
    cause,
  })
}
