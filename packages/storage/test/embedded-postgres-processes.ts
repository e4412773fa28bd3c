import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EmbeddedPostgresOptions } from '../src/embedded-postgres/index.js'

export const isRoot = process.getuid?.() === 0
export const nobody = { uid: 65_534, gid: 65_534 }

export interface Opened {
  readonly url: string
  readonly version: string
  readonly clusterDirectory: string
  readonly error?: { readonly code: string; readonly message: string }
}

const packageDirectory = fileURLToPath(new URL('..', import.meta.url))

/** The launcher as JavaScript: other processes than the tests' own run none of its TypeScript. */
export async function compileLauncher(): Promise<string> {
  const directory = await mkdtemp(join(packageDirectory, 'node_modules', '.embedded-postgres-'))
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json')
  const flags = ['--composite', '--declaration', '--declarationMap', '--sourceMap', '--incremental']
  const parameters = [
    '-p',
    packageDirectory,
    '--outDir',
    directory,
    ...flags.flatMap((flag) => [flag, 'false']),
  ]
  const compiling = spawn(process.execPath, [join(dirname(compiler), 'bin', 'tsc'), ...parameters], {
    stdio: 'inherit',
  })
  await once(compiling, 'exit')
  return directory
}

/** The compiled launcher with everything it imports in a home that only root can enter. */
export async function moveToPrivateHome(compiled: string, home: string): Promise<string> {
  await chmod(home, 0o700)
  const require = createRequire(join(packageDirectory, 'package.json'))
  const platform = `${process.platform}-${process.arch}`
  const modules = join(home, 'node_modules')
  await mkdir(join(modules, '@embedded-postgres'), { recursive: true })
  const binaries = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)))
  // Without its links, as where npm runs no install scripts.
  const filter = (path: string) => !/\.so(\.\d+)?$/.test(path) || path.includes('postgresql/')
  await cp(binaries, join(modules, '@embedded-postgres', platform), { recursive: true, filter })
  await symlink(dirname(dirname(require.resolve('pg'))), join(modules, 'pg'))
  await cp(compiled, join(home, 'dist'), { recursive: true })
  await writeFile(join(home, 'package.json'), '{ "type": "module" }')
  return join(home, 'dist')
}

/** Another process that has the library's server open. */
export class LibraryProcess {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static fork(compiled: string): LibraryProcess {
    return new LibraryProcess(fork(new URL('embedded-postgres-process.js', import.meta.url), [compiled]))
  }

  get processId(): number {
    return this.#child.pid ?? 0
  }

  async open(options: EmbeddedPostgresOptions, user?: { uid: number; gid: number }): Promise<Opened> {
    this.#child.send({ options, user })
    const [opened] = (await once(this.#child, 'message')) as [Opened]
    return opened
  }

  async close(): Promise<void> {
    this.#child.send('close')
    await once(this.#child, 'exit')
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** The server's process number, from its own file. */
export async function serverProcess(clusterDirectory: string): Promise<number> {
  return Number.parseInt(await readFile(join(clusterDirectory, 'data', 'postmaster.pid'), 'utf8'), 10)
}

export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch {
    return false
  }
}

/** Folders that are taken away after the test, also when the server's user owns them. */
export class TemporaryFolders {
  readonly #made: string[] = []

  async make(mode = 0o755): Promise<string> {
    const directory = await mkdtemp('/tmp/bae-postgres-')
    this.#made.push(directory)
    await chmod(directory, mode)
    return directory
  }

  async removeAll(): Promise<void> {
    for (const directory of this.#made.splice(0)) await rm(directory, { recursive: true, force: true })
  }
}
