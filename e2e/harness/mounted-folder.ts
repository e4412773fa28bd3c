import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type { TestContext } from 'vitest'
import { needs } from './foreign-program.js'
import { stopLeftoverServers } from './leftover-server.js'

/** Something that is mounted on a folder until the test ends, however it ends. Needs root. */
export class MountedFolder implements AsyncDisposable {
  readonly folder: string
  readonly #afterwards: () => void

  private constructor(folder: string, afterwards: () => void) {
    this.folder = folder
    this.#afterwards = afterwards
  }

  /** Runs `command`, which mounts. Skips the test where nothing may be mounted. */
  static mount(
    context: TestContext,
    folder: string,
    command: readonly [string, ...string[]],
    afterwards: () => void = () => {},
  ): MountedFolder {
    mkdirSync(folder, { recursive: true })
    const [program, ...args] = command
    const mounted = spawnSync(program, args, { stdio: 'ignore' }).status === 0
    if (!mounted) afterwards()
    context.skip(!mounted, 'needs root, and leave to mount')
    return new MountedFolder(folder, afterwards)
  }

  /** Another folder, at a second place where nobody can write. */
  static readOnly(context: TestContext, folder: string, original: string): MountedFolder {
    return MountedFolder.mount(context, folder, ['mount', '--bind', '-o', 'ro', original, folder])
  }

  /** No permissions, no owners, no links, no sockets: what USB sticks have. */
  static exfat(context: TestContext, folder: string, sizeBytes: number): MountedFolder {
    needs(context, 'exfat-fuse')
    const image = LoopImage.make(context, `${folder}.img`, sizeBytes, ['mkfs.exfat'])
    return MountedFolder.mount(context, folder, ['mount.exfat-fuse', image.device, folder], image.remove)
  }

  /** A file system with quotas that hold for root, too: `limit` sets one on it. */
  static btrfs(context: TestContext, folder: string, sizeBytes: number): MountedFolder {
    needs(context, 'btrfs-progs')
    const image = LoopImage.make(context, `${folder}.img`, sizeBytes, ['mkfs.btrfs', '--quiet', '--mixed'])
    const mounted = MountedFolder.mount(context, folder, ['mount', image.device, folder], image.remove)
    execFileSync('btrfs', ['quota', 'enable', folder])
    return mounted
  }

  /** Takes it off again, and ends a server of a test that failed before; what else still uses it keeps it until it ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await stopLeftoverServers(this.folder)
    const done = spawnSync('umount', [this.folder], { stdio: 'ignore' }).status === 0
    if (!done) execFileSync('umount', ['--lazy', this.folder])
    this.#afterwards()
  }
}

/** A disk in a file. */
class LoopImage {
  readonly device: string
  readonly remove: () => void

  private constructor(path: string, device: string) {
    this.device = device
    this.remove = () => {
      execFileSync('losetup', ['--detach', device])
      rmSync(path)
    }
  }

  static make(
    context: TestContext,
    path: string,
    sizeBytes: number,
    [program, ...args]: readonly [string, ...string[]],
  ): LoopImage {
    writeFileSync(path, '')
    truncateSync(path, sizeBytes)
    execFileSync(program, [...args, path], { stdio: 'ignore' })
    const made = spawnSync('losetup', ['--find', '--show', path], { encoding: 'utf8' })
    context.skip(made.status !== 0, 'needs root, and leave to mount')
    return new LoopImage(path, made.stdout.trim())
  }
}
