import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/** What earlier runs have written must not be written back to the disk during this one. */
export function flushPageCache(): void {
  execFileSync('sync')
}

/** Of a file, or of all files of a folder: the first run must not be the only one that waits for the disk. */
export function readIntoPageCache(path: string): void {
  execFileSync('find', [path, '-type', 'f', '-exec', 'cat', '{}', '+'], { stdio: 'ignore' })
}

/** The next read of this file comes from the disk. Its bytes must have been written back before. */
export function dropFromPageCache(path: string): void {
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
}

/** The next read of any file comes from the disk. */
export function dropPageCache(): void {
  flushPageCache()
  writeFileSync('/proc/sys/vm/drop_caches', '3')
}
