import { readFileSync } from 'node:fs'

/** How the package managers of systems that we know of bring what a build needs. Only Debian's has been run. */
const commands = new Map([
  ['debian', 'sudo apt-get install libtorrent-rasterbar-dev pkg-config g++ make python3'],
  ['alpine', 'apk add libtorrent-rasterbar-dev boost-dev openssl-dev pkgconf g++ make python3'],
  ['fedora', 'sudo dnf install rb_libtorrent-devel boost-devel openssl-devel pkgconf gcc-c++ make python3'],
  ['arch', 'sudo pacman -S --needed libtorrent-rasterbar boost pkgconf gcc make python'],
  ['darwin', 'xcode-select --install; brew install libtorrent-rasterbar pkg-config python3'],
])

/** The command for a system, by its platform and what its /etc/os-release says. */
export function installCommand(platform: string, osRelease: string): string | undefined {
  if (platform === 'darwin') return commands.get('darwin')
  const names = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap(([, value = '']) =>
    value.replaceAll('"', '').split(' '),
  )
  return names.map((name) => commands.get(name)).find((command) => command !== undefined)
}

/** How to get an addon onto this machine, where no prebuilt one fits. */
export function howToBuild(): string {
  const command = installCommand(process.platform, osRelease())
  const known = command ?? `on Debian or Ubuntu: ${commands.get('debian')}`
  return (
    'To build it: libtorrent-rasterbar 2.0.8 or newer with its headers, pkg-config, a C++17 compiler, make and ' +
    `python3 (${known}), then npm rebuild @bae/native`
  )
}

function osRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return '' // Not every system has it: the command is then the one for Debian.
  }
}

/** The machine and the Node that an addon must fit. */
export function describeMachine(): string {
  const system = `${process.platform} ${process.arch}`
  return `${process.platform === 'linux' ? `${system}, ${describeLibc()}` : system}, Node ${process.version}`
}

function describeLibc(): string {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  const version = header?.glibcVersionRuntime
  return version === undefined ? 'a C library that is not glibc' : `glibc ${version}`
}
