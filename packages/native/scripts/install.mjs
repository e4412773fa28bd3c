// @ts-check
// Runs when npm installs the package: nothing to do where the prebuilt addon loads, else builds one, else says
// what is missing.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
// Where it says how its sources are compiled this is the workspace, which builds the addon itself.
if (existsSync(join(here, '../tsconfig.json'))) process.exit(0)

const { describeMachine, howToBuild } = await import('../dist/build-requirements.js')

/** In a process of its own: an addon that does not fit may take its process with it. */
function whyNotLoaded() {
  const script =
    "import('@bae/native').then((native) => native.libtorrentVersion())" +
    '.catch((error) => { console.error(error.message); process.exit(1) })'
  const child = spawnSync(process.execPath, ['-e', script], { cwd: here, encoding: 'utf8' })
  if (child.status === 0) return undefined
  if (child.signal !== null) return `the addon ends its process with ${child.signal} on ${describeMachine()}.`
  // How to build one is said once, at the end.
  return child.stderr.replace(howToBuild(), '').trim()
}

function missingTools() {
  /** @type {[string, string[]][]} */
  const probes = [
    ['python3', ['--version']],
    ['make', ['--version']],
    ['g++', ['--version']],
    ['pkg-config', ['--version']],
  ]
  const missing = probes.filter(([tool, args]) => spawnSync(tool, args, { stdio: 'ignore' }).status !== 0)
  const names = missing.map(([tool]) => tool)
  const libtorrent = spawnSync('pkg-config', ['--atleast-version=2.0.8', 'libtorrent-rasterbar'], {
    stdio: 'ignore',
  })
  if (libtorrent.status !== 0) names.push('libtorrent-rasterbar 2.0.8 or newer (with its headers)')
  return names
}

/** @param {string} why */
function giveUp(why) {
  console.error(`@bae/native: ${why}\n${howToBuild()}`)
  process.exit(1)
}

const reason = whyNotLoaded()
if (reason !== undefined) {
  console.error(`@bae/native: ${reason}`)
  const missing = missingTools()
  if (missing.length > 0) giveUp(`it cannot be built here either. Missing: ${missing.join(', ')}.`)
  const build = spawnSync(process.execPath, [join(here, 'build-addon.mjs')], { stdio: 'inherit' })
  if (build.status !== 0) giveUp('building it failed, see above.')
  const still = whyNotLoaded()
  if (still !== undefined) giveUp(`what was built does not load: ${still}`)
}
