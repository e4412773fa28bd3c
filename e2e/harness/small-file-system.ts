import { execFileSync } from 'node:child_process'
import type { TestContext } from 'vitest'
import { MountedFolder } from './mounted-folder.js'

export interface SmallFileSystemOptions {
  readonly sizeBytes: number
  /** How many files and folders it takes. */
  readonly inodes?: number
  readonly readOnly?: boolean
}

/** A file system in memory, mounted on a folder of a test: small enough to fill. Needs root. */
export class SmallFileSystem implements AsyncDisposable {
  readonly folder: string
  readonly #mounted: MountedFolder

  private constructor(mounted: MountedFolder) {
    this.folder = mounted.folder
    this.#mounted = mounted
  }

  /** Skips the test where nothing may be mounted. */
  static mount(context: TestContext, folder: string, options: SmallFileSystemOptions): SmallFileSystem {
    const { sizeBytes, inodes, readOnly } = options
    const settings = [
      `size=${sizeBytes},mode=0755`,
      ...(inodes === undefined ? [] : [`nr_inodes=${inodes}`]),
      ...(readOnly ? ['ro'] : []),
    ]
    const command = ['mount', '-t', 'tmpfs', '-o', settings.join(','), 'tmpfs', folder] as const
    return new SmallFileSystem(MountedFolder.mount(context, folder, [...command]))
  }

  /** From now on it takes so many files and folders. */
  allowInodes(inodes: number): void {
    execFileSync('mount', ['-o', `remount,nr_inodes=${inodes}`, this.folder])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mounted[Symbol.asyncDispose]()
  }
}
