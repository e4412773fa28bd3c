import { readdirSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

/** The folder of the clone: this file runs from scripts/dist. */
export const repositoryRoot = resolve(import.meta.dirname, '../..')

export const packageNames = ['native', 'storage', 'client', 'import-service'] as const

const madeByTools = new Set(['node_modules', 'dist', 'build', 'prebuilds', '.git', '.turbo', '.bae'])

/** Every file below `folder` (an absolute path) that somebody wrote, as absolute paths; none when it is absent. */
export function writtenFiles(folder: string, matches: RegExp): string[] {
  const files: string[] = []
  for (const entry of entriesOf(folder)) {
    if (madeByTools.has(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) files.push(...writtenFiles(path, matches))
    else if (matches.test(entry.name)) files.push(path)
  }
  return files
}

/** A path as messages name it: from the root of the clone, with slashes. */
export function shownPath(path: string): string {
  return relative(repositoryRoot, path).split(sep).join('/')
}

/** Prints what was found wrong and ends the process: 1 when there is anything, 0 when not. */
export function finish(problems: readonly string[], whenFine: string): never {
  for (const problem of problems) console.error(problem)
  console.log(problems.length === 0 ? whenFine : `${problems.length} problems`)
  process.exit(problems.length === 0 ? 0 : 1)
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
