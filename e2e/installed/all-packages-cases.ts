import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { ChildProgram } from '../harness/child-program.js'
import { nodeExecutable, nodeMajors } from '../harness/other-nodes.js'
import { type PackageName, packJavaScript, tarballOf } from '../harness/packed-packages.js'
import { repositoryRoot } from '../harness/repository-root.js'

const names: readonly PackageName[] = ['native', 'storage', 'client', 'import-service']
const npmCli = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
const workspaceBin = join(repositoryRoot, 'node_modules/.bin')
const ownBin = join(repositoryRoot, 'e2e/node_modules/.bin')
const examples = join(repositoryRoot, 'examples/dist')
const installLimitMs = 240_000
const runLimitMs = 120_000

/** What the READMEs show, and the storage of one's own for `@bae/client` alone. */
const shown = [
  '01-import-a-torrent',
  '02-storage-in-javascript',
  '03-download-a-torrent',
  '04-stream-over-http',
  '06-select-files',
  '07-storage-of-your-own',
  '08-resume-after-a-restart',
  '12-a-chunk-store-of-your-own',
  '13-import-into-a-library',
]

/** Beside the packages themselves. */
const subpaths = [
  '@bae/native/testing',
  '@bae/storage/compliance',
  '@bae/storage/embedded-postgres',
  '@bae/storage/testing',
  '@bae/storage/typeorm',
  '@bae/client/testing',
  '@bae/import-service/compose',
  '@bae/import-service/testing',
]

const useAll = `
  const all = [n, s, c, i]
  if (n.libtorrentVersion() === '' || all.some((one) => Object.keys(one).length === 0)) process.exit(1)
  console.log('use: ok')
`

const typed = `
  export const client: TorrentClient = new TorrentClient({}, { enableDht: false })
  export const version: string = libtorrentVersion()
  export const store: ChunkStore = new MemoryChunkStore()
  export const service = (one: ImportService): Promise<void> => one.close()
  // @ts-expect-error: a client has no such option
  new TorrentClient({}, { enableDhtt: false })
`

/** All four as npm gives them to a user: needs what npm can reach, as their dependencies are the real ones. */
export function describeAllPackages(
  work: () => { readonly folder: string; readonly tarballs: string },
): void {
  describe('the four packages from their tarballs', () => {
    let tarballs: string

    beforeAll(() => {
      // Those of @bae/native's dependencies lie beside its own there, for machines without a network.
      tarballs = join(work().folder, 'all-tarballs')
      mkdirSync(tarballs)
      cpSync(tarballOf('native', work().tarballs), join(tarballs, 'bae-native-packed.tgz'))
      for (const name of names) if (name !== 'native') packJavaScript(name, tarballs)
    })

    it.each(names)('@bae/%s is packed and typed as publint and attw want it', async (name) => {
      const tarball = tarballOf(name, tarballs)
      expect(await printed(join(ownBin, 'publint'), ['--strict', tarball])).toContain('All good!')
      // Node below 22 takes the modules for require() too; attw speaks of those before 20.19.
      await printed(join(ownBin, 'attw'), [tarball, '--profile', 'esm-only'])
    })

    describe.each(nodeMajors)('on Node %i', (major) => {
      it('are installed by npm, imported, required, and run what the READMEs show', async (context) => {
        const node = nodeExecutable(context, major)
        const project = await install(node, `all-${major}`, names)
        writeFileSync(join(project, 'use.mjs'), `${importLines()}\n${useAll}`)
        writeFileSync(join(project, 'use.cjs'), `${requireLines()}\n${useAll}`)
        expect(await printed(node, ['use.mjs'], project)).toBe('use: ok\n')
        expect(await printed(node, ['use.cjs'], project)).toContain('use: ok\n')
        cpSync(examples, join(project, 'examples'), { recursive: true })
        await Promise.all(shown.map((example) => printed(node, [`examples/${example}.js`], project)))
      }, 900_000)
    })

    it('types resolve for modules and for CommonJS', async () => {
      const project = await install(process.execPath, 'all-typed', names)
      symlinkSync(join(repositoryRoot, 'node_modules/@types'), join(project, 'node_modules/@types'))
      const imports = [
        "import { TorrentClient } from '@bae/client'",
        "import { libtorrentVersion } from '@bae/native'",
        "import { type ChunkStore, MemoryChunkStore } from '@bae/storage'",
        "import type { ImportService } from '@bae/import-service'",
        ...subpaths.map((path) => `import '${path}'`),
      ].join('\n')
      for (const extension of ['mts', 'cts']) {
        writeFileSync(join(project, `typed.${extension}`), `${imports}\n${typed}`)
      }
      const options = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        '--types',
        'node',
      ]
      await printed(join(workspaceBin, 'tsc'), [...options, 'typed.mts', 'typed.cts'], project)
    }, 480_000)

    it('@bae/client alone serves a storage of forty lines, and brings neither database nor app', async () => {
      const project = await install(process.execPath, 'client-alone', ['native', 'storage', 'client'])
      expect(existsSync(join(project, 'node_modules/@bae/import-service'))).toBe(false)
      cpSync(examples, join(project, 'examples'), { recursive: true })
      await printed(process.execPath, ['examples/07-storage-of-your-own.js'], project)
    }, 480_000)

    it('npm install -g gives a bae that imports, verifies and exports', async () => {
      const prefix = join(work().folder, 'global')
      const packages = names.map((name) => tarballOf(name, tarballs))
      await npm(process.execPath, ['install', '--global', '--prefix', prefix, ...packages], work().folder)
      const bae = join(prefix, 'bin/bae')
      expect(await printed(bae, ['--help'])).toContain('bae import')
      const { version } = JSON.parse(
        readFileSync(join(repositoryRoot, 'packages/import-service/package.json'), 'utf8'),
      ) as { version: string }
      expect(await printed(bae, ['--version'])).toContain(version)
      expect(await printed(bae, ['completion', 'bash'])).toContain('complete -F')
      expect(readFileSync(join(prefix, 'share/man/man1/bae.1'), 'utf8')).toContain(`"bae ${version}"`)
      const bundled = join(prefix, 'lib/node_modules/@bae/import-service/dist/program')
      expect(readFileSync(join(bundled, 'LICENSES.txt'), 'utf8')).toContain('typeorm')
      // It keeps its library, for whoever wants to look into it.
      const demos = join(work().folder, 'demos')
      mkdirSync(demos)
      expect(await printed('/usr/bin/env', [`TMPDIR=${demos}`, bae, 'demo'])).toContain('byte for byte')
    }, 480_000)

    function install(node: string, name: string, packages: readonly PackageName[]): Promise<string> {
      const project = join(work().folder, name)
      mkdirSync(project)
      writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}')
      const files = packages.map((each) => tarballOf(each, tarballs))
      return npm(node, ['install', ...files], project).then(() => project)
    }
  })
}

function importLines(): string {
  return names.map((name) => `import * as ${name.charAt(0)} from '@bae/${name}'`).join('\n')
}

function requireLines(): string {
  return names.map((name) => `const ${name.charAt(0)} = require('@bae/${name}')`).join('\n')
}

/** npm under that Node, with what it got before where it has it. */
async function npm(node: string, args: readonly string[], cwd: string): Promise<void> {
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
  await printed(node, [npmCli, ...args, ...quiet], cwd, installLimitMs)
}

/** What a program printed that must end well. */
async function printed(
  command: string,
  args: readonly string[],
  cwd = repositoryRoot,
  limitMs = runLimitMs,
): Promise<string> {
  const { PATH } = process.env
  const env = { ...process.env, PATH: `${dirname(command)}:${PATH}` }
  await using program = new ChildProgram(command, args, { cwd, env })
  const { code } = await program.whenExited(limitMs)
  expect(code, `${command} ${args.join(' ')}:\n${program.stdout}${program.stderr}`).toBe(0)
  return program.stdout
}
