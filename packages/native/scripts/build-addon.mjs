// @ts-check
// Builds the addon for this machine with node-gyp, unless what is built is newer than its sources.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), '..')
const built = join(packageDirectory, 'build', 'Release', 'bae_native.node')

function newestSourceMs() {
  const sources = readdirSync(join(packageDirectory, 'cpp'), { recursive: true }).map((name) =>
    join('cpp', String(name)),
  )
  return Math.max(
    ...[...sources, 'binding.gyp'].map((name) => statSync(join(packageDirectory, name)).mtimeMs),
  )
}

/** The Makefile names folders from where it lies: in a clone that was moved or copied it leads nowhere. */
function isConfiguredHere() {
  const makefile = join(packageDirectory, 'build', 'Makefile')
  return existsSync(makefile) && readFileSync(makefile, 'utf8').includes(`=${packageDirectory}"`)
}

/** node-gyp would download Node's headers; where they lie beside this Node, it shall use these. */
function headersDirectory() {
  const prefix = join(dirname(process.execPath), '..')
  return existsSync(join(prefix, 'include', 'node', 'node_version.h')) ? prefix : undefined
}

/** npm brings a node-gyp for the packages that it installs; the workspace has its own. */
function nodeGypScript() {
  return process.env.npm_config_node_gyp || createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
}

if (!existsSync(built) || statSync(built).mtimeMs < newestSourceMs()) {
  const nodedir = process.env.npm_config_nodedir || headersDirectory()
  const command = isConfiguredHere() ? ['build'] : ['rebuild']
  const result = spawnSync(process.execPath, [nodeGypScript(), ...command, '-j', '2'], {
    cwd: packageDirectory,
    stdio: 'inherit',
    env: nodedir === undefined ? process.env : { ...process.env, npm_config_nodedir: nodedir },
  })
  process.exitCode = result.status ?? 1
}
