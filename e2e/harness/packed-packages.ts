import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from './repository-root.js'

export type PackageName = 'native' | 'storage' | 'client' | 'import-service'

const nativeFolder = join(repositoryRoot, 'packages/native')

/**
 * The package of the addon as it would be published, prebuilt for this machine, as a tarball.
 *
 * @param workFolder gets a copy of it, as the prebuild is made from scratch and the workspace's own addon is in use
 */
export function packNative(workFolder: string, tarballs: string): void {
  const copy = join(workFolder, 'native')
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

/** A package that is nothing but JavaScript, as it would be published. */
export function packJavaScript(name: Exclude<PackageName, 'native'>, tarballs: string): void {
  const cwd = join(repositoryRoot, 'packages', name)
  execFileSync('pnpm', ['pack', '--pack-destination', tarballs], { cwd, stdio: 'pipe' })
}

export function tarballOf(name: PackageName, tarballs: string): string {
  const file = readdirSync(tarballs).find((each) => each.startsWith(`bae-${name}-`))
  if (file === undefined) throw new Error(`no tarball of @bae/${name} in ${tarballs}`)
  return join(tarballs, file)
}
