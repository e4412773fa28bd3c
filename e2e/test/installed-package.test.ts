import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { BareSystem } from '../harness/bare-system.js'
import { ChildProgram } from '../harness/child-program.js'
import { nodeExecutable, nodeMajors } from '../harness/other-nodes.js'
import { packNative } from '../harness/packed-packages.js'
import { repositoryRoot } from '../harness/repository-root.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'
import { describeAllPackages } from '../installed/all-packages-cases.js'

const nativeFolder = join(repositoryRoot, 'packages/native')
const npmFolder = join(dirname(process.execPath), '../lib/node_modules/npm')
const installedFolder = join(import.meta.dirname, '../installed')
const buildLimitMs = 400_000 // Compiles the whole addon, maybe beside other suites.
const installLimitMs = 180_000
const prebuilds = '/root/project/node_modules/@bae/native/prebuilds/linux-x64'
const load =
  "import('@bae/native').then((n) => n.libtorrentVersion()).catch((e) => console.log(e.code, e.message))"

let folder: string
/** The package as it would be published, and what it depends on. */
let tarballs: string

beforeAll(async () => {
  folder = await makeTemporaryFolder()
  tarballs = join(folder, 'tarballs')
  mkdirSync(tarballs)
  packNative(folder, tarballs)
  const require = createRequire(join(nativeFolder, 'package.json'))
  for (const name of ['node-gyp-build', 'node-addon-api']) {
    const dependency = dirname(require.resolve(`${name}/package.json`))
    execFileSync('npm', ['pack', dependency, '--silent'], { cwd: tarballs })
  }
}, buildLimitMs)

afterAll(async () => {
  await removeFolder(folder)
})

async function makeSystem(context: TestContext, major: number, name: string): Promise<BareSystem> {
  const node = nodeExecutable(context, major)
  const system = BareSystem.make(context, join(folder, name))
  system.useNode(node)
  system.bring(npmFolder, 'opt/npm')
  system.bring(tarballs, 'root/tarballs')
  mkdirSync(join(system.folder, 'root/project'))
  writeFileSync(join(system.folder, 'root/project/package.json'), '{"private":true,"type":"module"}')
  return system
}

function npmInstall(system: BareSystem, more: readonly string[] = []): ChildProgram {
  const packages = readdirSync(tarballs).map((name) => `/root/tarballs/${name}`)
  const npm = ['node', '/opt/npm/bin/npm-cli.js', 'install', '--offline', '--no-audit', '--no-fund']
  return system.start([...npm, ...more, ...packages], { cwd: '/root/project' })
}

async function ended(
  program: ChildProgram,
  limitMs = installLimitMs,
): Promise<{ code: number | null; text: string }> {
  await using running = program
  const { code } = await running.whenExited(limitMs)
  return { code, text: running.stdout + running.stderr }
}

/** @param variables for Node alone, such as `NAME=value`: the shell and what starts it go without. */
async function expectSmoke(system: BareSystem, variables = ''): Promise<void> {
  system.bring(join(installedFolder, 'smoke.mjs'), 'root/project/smoke.mjs')
  system.bring(join(installedFolder, 'self-signed-for-tests.pem'), 'root/project/certificate.pem')
  const command = `${variables} exec node smoke.mjs seed certificate.pem`
  const { code, text } = await ended(system.start(['/bin/sh', '-c', command], { cwd: '/root/project' }))
  expect(text).toContain('smoke: ok')
  expect(text).not.toContain('LD_PRELOAD')
  expect(code).toBe(0)
}

/** What the dynamic linker says about each symbol, when the addon is loaded and all are bound at once. */
async function bindings(system: BareSystem): Promise<string> {
  const command = `LD_BIND_NOW=1 LD_DEBUG=bindings LD_DEBUG_OUTPUT=/tmp/bindings exec node -e "${load}"`
  expect(await ended(system.start(['/bin/sh', '-c', command], { cwd: '/root/project' }))).toMatchObject({
    code: 0,
  })
  const temporary = join(system.folder, 'tmp')
  const files = readdirSync(temporary).filter((name) => name.startsWith('bindings.'))
  return files.map((name) => readFileSync(join(temporary, name), 'utf8')).join('')
}

/** Symbols for which the addon or a library of its folder uses Node's executable; only Node-API is for that. */
function boundToNode(text: string): string[] {
  const lines = [...text.matchAll(/binding file (\S+) \[0\] to (\S+) \[0\]: normal symbol `([^']+)'/g)]
  const ours = lines.filter(([, from = '']) => from.includes('/prebuilds/'))
  expect(ours.some(([, , to = '']) => basename(to) === 'libcrypto.so.3')).toBe(true)
  return ours
    .filter(([, , to = '', symbol = '']) => basename(to) === 'node' && !symbol.startsWith('napi_'))
    .map(([, from = '', , symbol = '']) => `${basename(from)} ${symbol}`)
}

/** Changes the first constants of FIPS 180-4, 4.2.2, wherever a library has them. */
function spoilSha256(library: string): void {
  const bytes = readFileSync(library)
  const constants = Buffer.from('982f8a4291443771', 'hex')
  let found = 0
  for (let at = bytes.indexOf(constants); at >= 0; at = bytes.indexOf(constants, at + 1)) {
    bytes[at] = 0
    found++
  }
  expect(found).toBeGreaterThan(0)
  writeFileSync(library, bytes)
}

describe('@bae/native from its tarball, on a machine without compiler, libtorrent and OpenSSL', () => {
  it.for(nodeMajors)(
    'is installed by npm and works on Node %i',
    { timeout: 480_000 },
    async (major, context) => {
      await using system = await makeSystem(context, major, `node-${major}`)
      const installed = await ended(npmInstall(system))
      expect(installed.text).not.toContain('@bae/native:')
      expect(installed.code).toBe(0)
      await expectSmoke(system)
      expect(boundToNode(await bindings(system))).toEqual([])
    },
  )

  it('works beside an allocator that the process was started with', async (context) => {
    await using system = await makeSystem(context, 20, 'allocator')
    system.unpack(context, ['libjemalloc2'])
    expect(await ended(npmInstall(system))).toMatchObject({ code: 0 })
    await expectSmoke(system, 'LD_PRELOAD=libjemalloc.so.2')
  })

  it('refuses an OpenSSL that gives wrong digests', async (context) => {
    await using system = await makeSystem(context, 20, 'digests')
    expect(await ended(npmInstall(system))).toMatchObject({ code: 0 })
    spoilSha256(join(system.folder, prebuilds, 'libcrypto.so.3'))
    const { text } = await ended(system.start(['node', '-e', load], { cwd: '/root/project' }))
    expect(text).toContain('NATIVE_SELF_TEST_FAILED SHA-256 gives')
  })

  it('takes every library from the package or from glibc and libstdc++', async (context) => {
    await using system = await makeSystem(context, 20, 'libraries')
    expect(await ended(npmInstall(system))).toMatchObject({ code: 0 })
    const files = readdirSync(join(system.folder, prebuilds)).filter((name) => /\.(node|so)/.test(name))
    expect(files).toContain('libtorrent-rasterbar.so.2.0')
    const addon = `${prebuilds}/@bae+native.glibc.node`
    const { text } = await ended(system.start(['/lib64/ld-linux-x86-64.so.2', '--list', addon]))
    expect(text).not.toContain('not found')
    const taken = [...text.matchAll(/=> (\S+)/g)].map(([, path = '']) => path)
    expect(
      taken
        .filter((path) => path.startsWith(prebuilds))
        .map((path) => basename(path))
        .sort(),
    ).toEqual(files.filter((name) => !name.endsWith('.node')).sort())
    for (const path of taken.filter((one) => !one.startsWith(prebuilds))) {
      expect(basename(path)).toMatch(/^(ld-linux-x86-64|libc|libm|libstdc\+\+|libgcc_s)\.so/)
    }
    const notices = readFileSync(join(system.folder, prebuilds, 'THIRD_PARTY_NOTICES.txt'), 'utf8')
    for (const name of ['libtorrent-rasterbar', 'libssl3', 'Boost Software License', 'Apache License']) {
      expect(notices).toContain(name)
    }
  })

  it('says what is missing where no prebuilt addon loads, when it is installed and when it is loaded', async (context) => {
    await using system = await makeSystem(context, 20, 'nothing')
    const withoutScripts = await ended(npmInstall(system, ['--ignore-scripts']))
    expect(withoutScripts.code).toBe(0)
    const installed = '/root/project/node_modules/@bae/native'
    rmSync(join(system.folder, installed, 'prebuilds'), { recursive: true })
    const { code, text } = await ended(system.start(['node', 'scripts/install.mjs'], { cwd: installed }))
    expect(code).toBe(1)
    expect(text).toContain('no addon could be loaded for linux x64, glibc 2.36, Node v20')
    expect(text).toContain('the package has none.')
    expect(text).toContain('Missing: python3, make, g++, pkg-config, libtorrent-rasterbar 2.0.8')
    expect(text).toContain('sudo apt-get install libtorrent-rasterbar-dev')
    const loaded = await ended(system.start(['node', '-e', load], { cwd: '/root/project' }))
    expect(loaded.text).toContain('NATIVE_BINDING_NOT_FOUND')
    expect(loaded.text).toContain('sudo apt-get install libtorrent-rasterbar-dev')
  })
})

describe('@bae/native from its tarball, where no prebuilt addon fits', () => {
  it('is built from source', { timeout: buildLimitMs }, async () => {
    const project = join(folder, 'project')
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}')
    const packages = readdirSync(tarballs).map((name) => join(tarballs, name))
    const install = ['install', '--offline', '--no-audit', '--no-fund']
    execFileSync('npm', [...install, '--ignore-scripts', ...packages], { cwd: project, stdio: 'pipe' })
    const installed = join(project, 'node_modules/@bae/native')
    rmSync(join(installed, 'prebuilds'), { recursive: true })
    const built = await ended(
      new ChildProgram('npm', ['rebuild', '@bae/native'], { cwd: project, env: process.env }),
      buildLimitMs,
    )
    expect(built.code).toBe(0)
    expect(readdirSync(join(installed, 'build/Release'))).toContain('bae_native.node')
    cpSync(join(installedFolder, 'smoke.mjs'), join(project, 'smoke.mjs'))
    const smoke = [
      join(project, 'smoke.mjs'),
      join(folder, 'seed'),
      join(installedFolder, 'self-signed-for-tests.pem'),
    ]
    const { code, text } = await ended(
      new ChildProgram(process.execPath, smoke, { cwd: project, env: process.env }),
    )
    expect(text).toContain('smoke: ok')
    expect(code).toBe(0)
  })
})

describeAllPackages(() => ({ folder, tarballs }))
