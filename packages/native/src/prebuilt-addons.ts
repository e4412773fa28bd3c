import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Why an addon could not be loaded, for people: the linker's words, or that there was none to load. */
export function whyNotLoaded(error: unknown, packageDirectory: string): string {
  const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  if (!why.startsWith('No native build was found')) return why
  const brought = prebuiltAddons(packageDirectory)
  return brought.length === 0
    ? 'the package has none'
    : `the package has one for ${brought.join(' and one for ')} only`
}

/** The machines that prebuilt addons are for: their folders are platform-arch, and their names end with the C library. */
function prebuiltAddons(packageDirectory: string): string[] {
  try {
    const names = readdirSync(join(packageDirectory, 'prebuilds'), { recursive: true, encoding: 'utf8' })
    return names.sort().flatMap((name) => {
      const [, folder = '', libc] = /^([^/\\]+)[/\\][^/\\]*?(?:\.(glibc|musl))?\.node$/.exec(name) ?? []
      const system = folder.replace('-', ' ')
      return folder === '' ? [] : [libc === undefined ? system : `${system} with ${libc}`]
    })
  } catch {
    return [] // A clone has no such folder.
  }
}
