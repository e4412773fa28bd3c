// @ts-check
// Makes dist/program of dist/cli, the other packages of this repository and the libraries: what bin/bae.js runs, in some
// fifty files in place of eight hundred. See decision 82.
import { createHash } from 'node:crypto'
import { readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { leavesOut } from './left-out.mjs'
import { licensesOf } from './licenses-of.mjs'

const ours = fileURLToPath(new URL('../', import.meta.url))
const packages = dirname(ours)
const program = join(ours, 'dist/program')

// The addon is a file of its own, pino starts a thread from one, and what TypeORM has for other databases is not installed.
const external = [/^@bae\/native(\/|$)/, 'pino', 'pg-native']

const bundle = await rolldown({
  input: { main: join(ours, 'dist/cli/main.js') },
  platform: 'node',
  external,
  treeshake: { moduleSideEffects: true },
  // On a busy machine it warns of the time that plugins take, and no warning passes here.
  checks: { bundlerTimings: false },
  plugins: [
    leavesOut(),
    { name: 'places-of-files', transform: { filter: { code: 'import.meta.url' }, handler: placed } },
  ],
  onLog(level, log) {
    const isOfTypeOrm = log.id?.includes('/node_modules/typeorm/') === true
    if (level === 'warn' && !isOfTypeOrm) throw new Error(log.message)
  },
})
await rm(program, { recursive: true, force: true })
const { output } = await bundle.write({
  dir: program,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()

const modules = output
  .flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
  .filter((id) => !id.startsWith('\0'))
const own = modules.filter((id) => isOwn(id)).sort()
const foreign = modules.filter((id) => !isOwn(id))
await writeFile(join(program, 'LICENSES.txt'), await licensesOf(foreign))
/** Of what the program was made: whoever tests it sees whether that is what is there. */
const digests = await Promise.all(
  own.map(async (id) => [relative(packages, id), digestOf(await readFile(id))]),
)
await writeFile(
  join(program, 'made-of.json'),
  `${JSON.stringify(Object.fromEntries(digests), undefined, 1)}\n`,
)

/** @param {string} id */
function isOwn(id) {
  return id.startsWith(packages) && !id.includes('/node_modules/')
}

/** @param {Uint8Array} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * A module of ours that looks for a file beside itself looks beside the place from which it was taken, in its package.
 * @param {string} code
 * @param {string} id
 */
async function placed(code, id) {
  if (!isOwn(id)) return undefined
  const [folder = ''] = relative(packages, id).split('/')
  const { name } = JSON.parse(await readFile(join(packages, folder, 'package.json'), 'utf8'))
  const place = relative(join(packages, folder, 'dist'), await realpath(id))
  return code.replaceAll('import.meta.url', `new URL('${place}', import.meta.resolve('${name}')).href`)
}
