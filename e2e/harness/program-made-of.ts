import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Throws where the bae program in `packages` was made of other modules than lie there now, as after `tsc -b` alone:
 * tests would be of the old one.
 */
export function refuseOldProgram(packages: string): void {
  const list = join(packages, 'import-service/dist/program/made-of.json')
  const madeOf = JSON.parse(readFileSync(list, 'utf8')) as Readonly<Record<string, string>>
  for (const [module, digest] of Object.entries(madeOf)) {
    if (digestOf(join(packages, module)) === digest) continue
    const again = "'node packages/import-service/scripts/bundle-program.mjs' or 'pnpm build' makes it anew"
    throw new Error(`the bae program was made of another ${module}: ${again}`)
  }
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
