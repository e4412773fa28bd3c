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

const usage = `pnpm bench [NAME] [OPTIONS]: ${programs.join(', ')}
Without a name the matrix, or its guard with --guard. bench/README.md says what each asks, and its options.
`

const name = process.argv[2]?.startsWith('--') ? undefined : process.argv[2]
const isGuard = process.argv.includes('--guard')
const unnamed = isGuard ? 'guard' : 'matrix'
const program = programs.find((known) => known === (name ?? unnamed))
if (process.argv.includes('--help')) {
  process.stdout.write(usage)
} else if (program === undefined) {
  refuse(`no benchmark ${name}`)
} else {
  // Each program reads its own options.
  if (name !== undefined) process.argv.splice(2, 1)
  await import(`./${program}.js`).catch((error: NodeJS.ErrnoException) => {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error
    refuse(error.message)
  })
}

function refuse(why: string): void {
  process.stderr.write(`${why}\n${usage}`)
  process.exitCode = 2
}
