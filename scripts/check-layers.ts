// Which room may import which, and where two telling words may stand: docs/architecture.md says why.
import { readFileSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { importsOf, type ModuleImport } from './module-imports.js'
import { finish, packageNames, repositoryRoot, shownPath, writtenFiles } from './repository.js'

type Room = (typeof packageNames)[number]

/** The rooms a room may name at all. */
const below: Readonly<Record<Room, readonly Room[]>> = {
  native: [],
  storage: [],
  client: ['native', 'storage'],
  'import-service': ['native', 'storage', 'client'],
}

/** The only files that import another room at run time, and how. Everywhere else it is `import type`. */
const meetingPlaces: Readonly<Record<string, ModuleImport['kind']>> = {
  'packages/client/src/native-binding.ts': 'lazy',
  'packages/import-service/src/compose.ts': 'static',
}

const lineLimits: readonly (readonly [RegExp, number])[] = [
  [/\.ts$/, 400],
  [/\.(cc|h)$/, 500],
]

const problems: string[] = []

for (const room of packageNames) {
  const folder = join(repositoryRoot, 'packages', room)
  for (const file of writtenFiles(folder, /\.(ts|cc|h)$/)) {
    const source = readFileSync(file, 'utf8')
    checkLength(file, source)
    checkWords(room, file, source)
    if (file.endsWith('.ts')) for (const found of importsOf(source)) checkImport(room, folder, file, found)
  }
}

finish(problems, 'layers: every import goes down')

function checkImport(room: Room, folder: string, file: string, found: ModuleImport): void {
  const place = `${shownPath(file)}:${found.line}`
  if (found.specifier.startsWith('.')) {
    checkRelative(room, folder, file, found, place)
    return
  }
  const other = packageNames.find((name) => isOf(found.specifier, `@bae/${name}`))
  if (other === undefined) return
  if (other === room) {
    problems.push(`${place} imports its own package by name: use a relative path`)
  } else if (!below[room].includes(other)) {
    problems.push(`${place} imports @bae/${other}, which ${room} must not know`)
  } else if (found.kind !== 'type' && !mayImportAtRunTime(shownPath(file), found.kind)) {
    problems.push(`${place} imports @bae/${other} at run time: only \`import type\` is allowed here`)
  }
}

function checkRelative(room: Room, folder: string, file: string, found: ModuleImport, place: string): void {
  const target = resolve(dirname(file), found.specifier)
  if (!target.startsWith(folder + sep)) {
    problems.push(`${place} leaves its package: ${found.specifier}`)
  }
  if (room !== 'import-service' || found.kind !== 'static') return
  const isComposition = target === join(folder, 'src/compose.js')
  if (isComposition && shownPath(file) !== 'packages/import-service/src/index.ts') {
    problems.push(`${place} loads every room with compose.js: use \`await import('${found.specifier}')\``)
  }
}

function mayImportAtRunTime(path: string, kind: ModuleImport['kind']): boolean {
  const allowed = meetingPlaces[path]
  return allowed === 'static' || (allowed === 'lazy' && kind === 'lazy')
}

function isOf(specifier: string, packageName: string): boolean {
  return specifier === packageName || specifier.startsWith(`${packageName}/`)
}

function checkWords(room: Room, file: string, source: string): void {
  const path = shownPath(file)
  const knowsIndex = room === 'native' || room === 'client'
  if (!knowsIndex && /storageIndex/.test(source)) {
    problems.push(`${path} says storageIndex, which only native and client know`)
  }
  const knowsTypeOrm =
    path.includes('/typeorm/') || path.includes('/test/') || path.endsWith('/src/compose.ts')
  if (!knowsTypeOrm && /typeorm/.test(source)) {
    problems.push(`${path} says typeorm, which belongs into a typeorm folder`)
  }
}

function checkLength(file: string, source: string): void {
  const lines = source.split('\n').length - 1
  const limit = lineLimits.find(([matches]) => matches.test(file))?.[1]
  if (limit !== undefined && lines > limit)
    problems.push(`${shownPath(file)} has ${lines} lines; the limit is ${limit}`)
}
