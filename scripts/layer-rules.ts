import { posix } from 'node:path'
import { importsOf, type ModuleImport } from './module-imports.js'

const rooms = ['native', 'storage', 'client', 'import-service'] as const
type Room = (typeof rooms)[number]

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

const composition = 'packages/import-service/src/compose.js'
const serviceIndex = 'packages/import-service/src/index.ts'

const lineLimits: readonly (readonly [RegExp, number])[] = [
  [/\.ts$/, 400],
  [/\.(cc|h)$/, 500],
]

/** What is wrong with one file of a package: its imports, its words, its length. `path` is from the root. */
export function layerProblems(path: string, source: string): string[] {
  const room = rooms.find((name) => path.startsWith(`packages/${name}/`))
  if (room === undefined) return []
  const imports = path.endsWith('.ts') ? importsOf(source) : []
  const problems = [
    wordProblem(room, path, source),
    diskProblem(path, source),
    lengthProblem(path, source),
    ...imports.map((found) => importProblem(room, path, found)),
  ]
  return problems.filter((problem) => problem !== undefined)
}

function importProblem(room: Room, path: string, found: ModuleImport): string | undefined {
  const place = `${path}:${found.line}`
  if (found.specifier.startsWith('.')) return relativeProblem(room, path, found, place)
  const other = rooms.find((name) => isOf(found.specifier, `@bae/${name}`))
  if (other === undefined) return undefined
  if (other === room) return `${place} imports its own package by name: use a relative path`
  if (!below[room].includes(other)) return `${place} imports @bae/${other}, which ${room} must not know`
  if (found.kind === 'type' || mayImportAtRunTime(path, found.kind)) return undefined
  if (isForTests(path) && found.specifier === `@bae/${other}/testing`) return undefined
  return `${place} imports @bae/${other} at run time: only \`import type\` is allowed here`
}

function relativeProblem(room: Room, path: string, found: ModuleImport, place: string): string | undefined {
  const target = posix.join(posix.dirname(path), found.specifier)
  if (!target.startsWith(`packages/${room}/`)) return `${place} leaves its package: ${found.specifier}`
  if (found.kind === 'static' && target === composition && path !== serviceIndex) {
    return `${place} loads every room with compose.js: use \`await import('${found.specifier}')\``
  }
  return undefined
}

function mayImportAtRunTime(path: string, kind: ModuleImport['kind']): boolean {
  const allowed = meetingPlaces[path]
  return allowed === 'static' || (allowed === 'lazy' && kind === 'lazy')
}

/** What is written for tests may run on the fakes that a lower room publishes. */
function isForTests(path: string): boolean {
  return /^packages\/[^/]+\/(src\/testing|test)\//.test(path)
}

function isOf(specifier: string, packageName: string): boolean {
  return specifier === packageName || specifier.startsWith(`${packageName}/`)
}

/** The disk backend is tested without Node: it knows libtorrent alone. */
function diskProblem(path: string, source: string): string | undefined {
  if (!path.includes('/cpp/disk/') || !/#include\s+[<"](napi|binding\/)/.test(source)) return undefined
  return `${path} includes what belongs to Node-API: cpp/disk knows libtorrent alone`
}

function wordProblem(room: Room, path: string, source: string): string | undefined {
  const knowsIndex = room === 'native' || room === 'client'
  if (!knowsIndex && source.includes('storageIndex')) {
    return `${path} says storageIndex, which only native and client know`
  }
  if (/\/(src|cpp)\//.test(path) && source.includes('disable_hash_checks')) {
    return `${path} says disable_hash_checks: what is shipped never takes bytes unchecked`
  }
  const knowsTypeOrm = /\/(typeorm|test)\/|\/src\/compose\.ts$/.test(path)
  if (!knowsTypeOrm && source.includes('typeorm')) {
    return `${path} says typeorm, which belongs into a typeorm folder`
  }
  return undefined
}

function lengthProblem(path: string, source: string): string | undefined {
  const lines = source.split('\n').length - 1
  const limit = lineLimits.find(([matches]) => matches.test(path))?.[1]
  return limit !== undefined && lines > limit
    ? `${path} has ${lines} lines; the limit is ${limit}`
    : undefined
}
