import { getSystemErrorMap } from 'node:util'
import { asNativeError } from './errors.js'
import { loadBinding } from './load-binding.js'

/**
 * Calls on a file by its path. A failed system call rejects with an error as those of Node's `fs` are: `code`, `errno`,
 * `syscall` ('open', 'write', 'read', 'close', 'rename' or 'lstat') and `path`.
 */
export interface FileCalls {
  /**
   * Writes `bytes` at `offset` of the file, which is made when it is missing; its folder is not. All of them, where it is
   * not direct. With `isDirect` they go past the page cache (O_DIRECT), in one write: the result says how many went, and
   * EINVAL comes with the `syscall` 'open' where the file system wants none, with 'write' where bytes or offset are not
   * aligned. `bytes` are lent until the call has settled: not to be changed or transferred meanwhile.
   */
  write(path: string, offset: number, bytes: Uint8Array, isDirect: boolean): Promise<number>
  /** Fills `into`, which is lent in the same way, from `offset` of the file on: fewer bytes only where it ends before. */
  read(path: string, offset: number, into: Uint8Array): Promise<number>
  /** False, and nothing changed, where there is a `to`. */
  renameUnlessThere(from: string, to: string): Promise<boolean>
}

/** File calls that each take one turn of Node's thread pool, where open, write and close of `fs` take three. */
export function createFileCalls(): FileCalls {
  const addon = loadBinding()
  return {
    async write(path, offset, bytes, isDirect) {
      try {
        return await addon.writeFile(path, offset, bytes, isDirect)
      } catch (error) {
        throw asFileError(error)
      }
    },
    async read(path, offset, into) {
      try {
        return await addon.readFile(path, offset, into)
      } catch (error) {
        throw asFileError(error)
      }
    },
    async renameUnlessThere(from, to) {
      try {
        return (await addon.renameUnlessThere(from, to)) !== 0
      } catch (error) {
        throw asFileError(error)
      }
    },
  }
}

/** As Node words its own: the addon knows numbers only, since it takes no names from libuv (decision 19). */
function asFileError(error: unknown): unknown {
  if (!(error instanceof Error) || !('errno' in error)) return asNativeError(error)
  const { errno, syscall, path } = error as NodeJS.ErrnoException
  const [code, reason] = getSystemErrorMap().get(errno ?? 0) ?? ['UNKNOWN', 'unknown error']
  // Another error, so that its stack begins with its words.
  return Object.assign(new Error(`${code}: ${reason}, ${syscall} '${path}'`), { errno, code, syscall, path })
}
