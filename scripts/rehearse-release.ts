// rehearse-release: what a release does, in a clone of HEAD and against a registry on this machine: versions and
// changelogs from the changesets, the build, the prebuilt addon, publishing; then an installation as a user has it.
// Takes some minutes and leaves nothing behind. By hand, before a release: `pnpm rehearse`, after `npm test` has brought
// the Node that the registry runs on.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { packageNames, repositoryRoot } from './repository.js'

/** It asks for node-fetch by a tag, which not every mirror has. */
const registryPackage = {
  private: true,
  dependencies: { verdaccio: '6.10.4' },
  overrides: { 'node-fetch': '2.7.0' },
}
/** What it runs on, which `npm test` brings. */
const registryNode = join(repositoryRoot, '.bae/nodes/node_modules/node-22/bin/node')
const startLimitMs = 60_000

const folder = mkdtempSync(join(tmpdir(), 'bae-release-'))
const abort = new AbortController()
process.once('SIGINT', () => abort.abort())
try {
  await rehearse()
} finally {
  abort.abort()
  rmSync(folder, { recursive: true, force: true })
}

async function rehearse(): Promise<void> {
  const clone = join(folder, 'clone')
  say('cloning HEAD and installing its packages')
  run(folder, 'git', ['clone', '--quiet', repositoryRoot, clone])
  run(clone, 'pnpm', ['install', '--frozen-lockfile', '--prefer-offline'])
  say('versions from the changesets')
  run(clone, 'pnpm', ['changeset', 'version'])
  const versions = packageNames.map((name) => ({ name: `@bae/${name}`, version: versionOf(clone, name) }))
  for (const { name, version } of versions) say(`  ${name} ${version}`)
  say('building, and making the prebuilt addon')
  run(clone, 'pnpm', ['build'])
  run(clone, process.execPath, ['packages/native/scripts/prebuild.mjs'])
  const registry = await startRegistry()
  say(`publishing to ${registry}`)
  const env = { npm_config_registry: registry, npm_config_userconfig: npmSettings(registry) }
  run(clone, 'pnpm', ['publish', '--recursive', '--no-git-checks', '--access', 'public'], env)
  for (const { name, version } of versions) {
    const published = run(folder, 'npm', ['view', name, 'version'], env).trim()
    if (published !== version) throw new Error(`${name}: published is ${published}, not ${version}`)
  }
  say('installing it as a user does')
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}')
  run(project, 'npm', ['install', '--no-audit', '--no-fund', '@bae/import-service'], env)
  say(run(project, join(project, 'node_modules/.bin/bae'), ['--version']).trim())
  say('released and installed')
}

function versionOf(clone: string, name: string): string {
  const manifest = readFileSync(join(clone, 'packages', name, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** A registry for `@bae/*`; everything else comes from the one that npm is set to. Ends with `abort`. */
async function startRegistry(): Promise<string> {
  say('starting a registry')
  const place = join(folder, 'registry')
  mkdirSync(place)
  writeFileSync(join(place, 'package.json'), JSON.stringify(registryPackage))
  run(place, 'npm', ['install', '--no-audit', '--no-fund'])
  const upstream = run(folder, 'npm', ['config', 'get', 'registry']).trim()
  const port = await freePort()
  writeFileSync(join(place, 'config.yaml'), registrySettings(place, upstream))
  const command = join(place, 'node_modules/verdaccio/bin/verdaccio')
  const args = [command, '--config', join(place, 'config.yaml'), '--listen', `127.0.0.1:${port}`]
  const child = spawn(registryNode, args, { stdio: ['ignore', 'ignore', 'inherit'], signal: abort.signal })
  const ended = new AbortController()
  child.on('exit', (code) => ended.abort(new Error(`the registry ended with ${code}`)))
  child.on('error', (error) => ended.abort(error))
  const registry = `http://127.0.0.1:${port}/`
  const limit = AbortSignal.any([abort.signal, ended.signal, AbortSignal.timeout(startLimitMs)])
  while (!(await answers(registry, limit))) await wait(100, undefined, { signal: limit })
  return registry
}

function registrySettings(place: string, upstream: string): string {
  const settings = {
    storage: join(place, 'storage'),
    auth: { htpasswd: { file: join(place, 'htpasswd') } },
    uplinks: { upstream: { url: upstream } },
    packages: {
      '@bae/*': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'upstream' },
    },
    log: { type: 'stdout', level: 'error' },
  }
  return JSON.stringify(settings) // JSON is YAML.
}

/** npm refuses to publish without a token; this registry takes any. */
function npmSettings(registry: string): string {
  const file = join(folder, 'npmrc')
  writeFileSync(file, `registry=${registry}\n${registry.replace(/^http:/, '')}:_authToken=rehearsal\n`)
  return file
}

async function answers(registry: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(`${registry}-/ping`, { signal })).ok
  } catch (error) {
    if (signal.aborted) throw error
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function run(cwd: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const options = { cwd, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 1 << 26 } as const
  return execFileSync(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
}

function say(text: string): void {
  console.log(text)
}
