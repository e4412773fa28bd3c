// run-unit-tests PACKAGE [OPTIONS of vitest]: runs the package's unit tests in a copy of the clone in which the other packages
// have neither sources nor an addon: package.json and tsconfig.json, and of one whose fakes they use what was compiled.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { packageNames, repositoryRoot } from './repository.js'
import { endPrograms, runProgram } from './run-program.js'

/** Whoever runs the suite ends it before. */
const limitMs = 15 * 60_000
const rootFiles = ['package.json', 'tsconfig.base.json']

/** Whose fakes the tests of a package run on. */
const fakesOf: Readonly<Record<string, readonly string[]>> = { client: ['native'] }

const [name = '', ...options] = process.argv.slice(2)
if (!packageNames.some((known) => known === name)) {
  console.error(`which package? One of ${packageNames.join(', ')}`)
  process.exit(2)
}
process.exitCode = (await passAlone(name)) ? 0 : 1

async function passAlone(packageName: string): Promise<boolean> {
  const copy = mkdtempSync(join(tmpdir(), `bae-unit-${packageName}-`))
  // As a clone is: database servers of tests run as another user.
  chmodSync(copy, 0o755)
  const removeCopy = () => rmSync(copy, { recursive: true, force: true })
  process.once('SIGTERM', () => {
    void endPrograms().finally(() => {
      removeCopy()
      process.exit(1)
    })
  })
  try {
    copyRoot(copy)
    for (const other of packageNames) {
      if (other === packageName) copyPackage(copy, other)
      else copyManifest(copy, other)
    }
    for (const other of fakesOf[packageName] ?? []) {
      cpSync(join(repositoryRoot, 'packages', other, 'dist'), join(copy, 'packages', other, 'dist'), {
        recursive: true,
      })
    }
    const cwd = join(copy, 'packages', packageName)
    const command = join(cwd, 'node_modules/.bin/vitest')
    const result = await runProgram({ command, args: ['run', ...options], cwd, limitMs })
    return result.ok
  } finally {
    removeCopy()
  }
}

function copyRoot(copy: string): void {
  for (const file of rootFiles) cpSync(join(repositoryRoot, file), join(copy, file), { force: true })
  symlinkSync(join(repositoryRoot, 'node_modules'), join(copy, 'node_modules'))
}

/** What tools look at before they find that the sources are missing. */
function copyManifest(copy: string, packageName: string): void {
  const folder = join(copy, 'packages', packageName)
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'tsconfig.json']) {
    cpSync(join(repositoryRoot, 'packages', packageName, file), join(folder, file))
  }
}

/** The package as it is, its own build included: tests of a command line start what was built. */
function copyPackage(copy: string, packageName: string): void {
  const original = join(repositoryRoot, 'packages', packageName)
  const folder = join(copy, 'packages', packageName)
  const isLeftOut = (path: string) =>
    ['node_modules', '.turbo', 'build', 'prebuilds'].includes(basename(path))
  const isOurs = (path: string) => dirname(path) !== original || !isLeftOut(path)
  cpSync(original, folder, { recursive: true, filter: isOurs })
  linkDependencies(join(original, 'node_modules'), join(folder, 'node_modules'), copy)
}

/** Dependencies are those of the clone; links to our own packages lead into the copy. */
function linkDependencies(original: string, folder: string, copy: string): void {
  mkdirSync(folder)
  for (const entry of readdirSync(original)) {
    if (entry.startsWith('@')) linkScope(join(original, entry), join(folder, entry), copy)
    else if (entry === '.bin' || !entry.startsWith('.')) {
      symlinkSync(realpathSync(join(original, entry)), join(folder, entry))
    }
  }
}

function linkScope(original: string, folder: string, copy: string): void {
  mkdirSync(folder)
  for (const entry of readdirSync(original)) {
    const isOurs = basename(original) === '@bae'
    const target = isOurs ? join(copy, 'packages', entry) : realpathSync(join(original, entry))
    symlinkSync(target, join(folder, entry))
  }
}
