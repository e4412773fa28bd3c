// node dist/bench.js [NAME] [OPTIONS]: runs one benchmark: the matrix of all rows, or its guard with --guard, unless named.
const programs = [
  'matrix',
  'guard',
  'download',
  'border',
  'upload',
  'recheck',
  'start',
  'mapper',
  'database',
  'library',
  'storage',
  'many',
  'announce',
  'clients',
  'seek',
  'large',
  'service',
  'profile',
] as const

const name = process.argv[2]?.startsWith('--') ? undefined : process.argv[2]
const isGuard = process.argv.includes('--guard')
const unnamed = isGuard ? 'guard' : 'matrix'
const program = programs.find((known) => known === (name ?? unnamed))
if (program === undefined) {
  process.stderr.write(`no benchmark ${name}: one of ${programs.join(', ')}\n`)
  process.exitCode = 2
} else {
  // Each program reads its own options.
  if (name !== undefined) process.argv.splice(2, 1)
  await import(`./${program}.js`)
}
