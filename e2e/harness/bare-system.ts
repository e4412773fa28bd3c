import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  symlinkSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { ChildProgram } from './child-program.js'

/** The C library, C++ (libatomic for Node 26) and a shell: the least on which Node runs. No compiler, no OpenSSL. */
const packages = ['libc6', 'libgcc-s1', 'gcc-12-base', 'libstdc++6', 'libatomic1', 'dash']

const devices = [
  ['null', '3'],
  ['zero', '5'],
  ['urandom', '9'],
] as const

/** A folder that is a whole system for those who are locked into it. Needs root, and Debian's packages. */
export class BareSystem implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Skips the test where it cannot be made. */
  static make(context: TestContext, folder: string): BareSystem {
    context.skip(process.getuid?.() !== 0, 'needs root')
    const root = join(folder, 'root')
    mkdirSync(root, { recursive: true })
    const system = new BareSystem(root)
    system.unpack(context, packages)
    if (!existsSync(join(root, 'bin/sh'))) symlinkSync('dash', join(root, 'bin/sh'))
    for (const name of ['dev', 'tmp', 'opt', 'root', 'usr/bin'])
      mkdirSync(join(root, name), { recursive: true })
    for (const [name, minor] of devices)
      execFileSync('mknod', ['-m', '666', join(root, 'dev', name), 'c', '1', minor])
    return system
  }

  /** Puts the files of Debian packages there; skips the test where there are none to be had. */
  unpack(context: TestContext, names: readonly string[]): void {
    const debs = mkdtempSync(join(this.folder, '../debs-'))
    // apt drops to a user of its own for downloads, who must be able to write there.
    chmodSync(debs, 0o777)
    const download = spawnSync('apt-get', ['download', ...names], { cwd: debs, encoding: 'utf8' })
    context.skip(download.status !== 0, 'needs Debian packages')
    for (const deb of readdirSync(debs)) execFileSync('dpkg-deb', ['-x', join(debs, deb), this.folder])
  }

  /** Puts a file or a folder of this machine there. */
  bring(source: string, place: string): void {
    cpSync(source, join(this.folder, place), { recursive: true })
  }

  /** From now on this is the Node of the system. */
  useNode(executable: string): void {
    copyFileSync(executable, join(this.folder, 'usr/bin/node'))
  }

  start(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): ChildProgram {
    const { cwd = '/', env = {} } = options
    // Node changes the folder itself: there is no other program that could.
    return new ChildProgram(
      '/usr/sbin/chroot',
      [this.folder, '/bin/sh', '-c', `cd ${cwd} && exec "$@"`, 'sh', ...args],
      {
        env: { PATH: '/usr/bin:/bin', HOME: '/root', ...env },
      },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
