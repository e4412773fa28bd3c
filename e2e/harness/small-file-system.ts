import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { TestContext } from 'vitest'

/** A file system in memory, mounted on a folder of a test: small enough to fill. Needs root. */
export class SmallFileSystem implements Disposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Skips the test where nothing may be mounted. */
  static mount(
    context: TestContext,
    folder: string,
    options: { sizeBytes: number; readOnly?: boolean },
  ): SmallFileSystem {
    mkdirSync(folder, { recursive: true })
    const settings = `size=${options.sizeBytes},mode=0755${options.readOnly ? ',ro' : ''}`
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', settings, 'tmpfs', folder]).status === 0
    context.skip(!mounted, 'needs root')
    return new SmallFileSystem(folder)
  }

  close(): void {
    execFileSync('umount', [this.folder])
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
