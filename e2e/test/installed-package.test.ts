import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { BareSystem } from '../harness/bare-system.js'
import { ChildProgram } from '../harness/child-program.js'
import { nodeExecutable, nodeMajors } from '../harness/other-nodes.js'
import { repositoryRoot } from '../harness/repository-root.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'

const nativeFolder = join(repositoryRoot, 'packages/native')
const npmFolder = join(dirname(process.execPath), '../lib/node_modules/npm')
const installedFolder = join(import.meta.dirname, '../installed')
const buildLimitMs = 240_000
const installLimitMs = 60_000

let folder: string
/** The package as it would be published, and what it depends on. */
let tarballs: string

beforeAll(async () => {
  folder = await makeTemporaryFolder()
  tarballs = join(folder, 'tarballs')
  mkdirSync(tarballs)
  packNative()
  const require = createRequire(join(nativeFolder, 'package.json'))
  for (const name of ['node-gyp-build', 'node-addon-api']) {
    const dependency = dirname(require.resolve(`${name}/package.json`))
    execFileSync('npm', ['pack', dependency, '--silent'], { cwd: tarballs })
  }
}, buildLimitMs)

afterAll(async () => {
  await removeFolder(folder)
})

/** In a copy, as the prebuild is made from scratch and the workspace's own addon is in use. */
function packNative(): void {
  const copy = join(folder, 'native')
  const left = new Set(['build', 'prebuilds', 'node_modules', 'test'])
  mkdirSync(copy)
  for (const name of readdirSync(nativeFolder)) {
    if (!left.has(name)) cpSync(join(nativeFolder, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(nativeFolder, 'node_modules'), join(copy, 'node_modules'))
  execFileSync(process.execPath, ['scripts/prebuild.mjs'], { cwd: copy, stdio: 'pipe' })
  // Only the workspace may say `catalog:`; whoever installs the package has no use for these.
  execFileSync('npm', ['pkg', 'delete', 'devDependencies'], { cwd: copy })
  execFileSync('npm', ['pack', '--silent', '--pack-destination', tarballs], { cwd: copy })
}

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

describe('@bae/native from its tarball, on a machine without compiler, libtorrent and OpenSSL', () => {
  it.for(nodeMajors)(
    'is installed by npm and works on Node %i',
    { timeout: 120_000 },
    async (major, context) => {
      await using system = await makeSystem(context, major, `node-${major}`)
      const installed = await ended(npmInstall(system))
      expect(installed.text).not.toContain('@bae/native:')
      expect(installed.code).toBe(0)
      system.bring(join(installedFolder, 'smoke.mjs'), 'root/project/smoke.mjs')
      system.bring(join(installedFolder, 'self-signed-for-tests.pem'), 'root/project/certificate.pem')
      const smoke = system.start(['node', 'smoke.mjs', '/tmp/seed', 'certificate.pem'], {
        cwd: '/root/project',
      })
      const { code, text } = await ended(smoke)
      expect(text).toContain('smoke: ok')
      expect(code).toBe(0)
    },
  )

  it('takes every library from the package or from glibc and libstdc++', async (context) => {
    await using system = await makeSystem(context, 20, 'libraries')
    expect(await ended(npmInstall(system))).toMatchObject({ code: 0 })
    const prebuilds = '/root/project/node_modules/@bae/native/prebuilds/linux-x64'
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
    expect(text).toContain('no prebuilt addon loads on linux x64')
    expect(text).toContain('Missing: python3, make, g++, pkg-config, libtorrent-rasterbar 2.0.8')
    expect(text).toContain('sudo apt-get install libtorrent-rasterbar-dev')
    const load =
      "import('@bae/native').then((n) => n.libtorrentVersion()).catch((e) => console.log(e.code, e.message))"
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
