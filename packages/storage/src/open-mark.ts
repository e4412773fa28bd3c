import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readBootId } from './boot-id.js'
import { errnoOf, ioError, isAbsent } from './io-error.js'

/** Who may not write here, or has no room, can read nevertheless; what it does not write it cannot spoil. */
const harmless = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'])

/**
 * Says that a process has a library open: a file that it removes when it closes. One whose process is gone is what an
 * unclean stop leaves; it is kept until all chunks were found sound. Any number of processes may have a library open.
 */
export class OpenMark implements AsyncDisposable {
  /** Some process ended without closing the library, and not all chunks were checked since. */
  readonly afterUncleanStop: boolean
  readonly #own: string
  readonly #unclean: readonly string[]

  private constructor(own: string, unclean: readonly string[]) {
    this.#own = own
    this.#unclean = unclean
    this.afterUncleanStop = unclean.length > 0
  }

  /** In `open/` and `unclean/` of the folder. Rejects STORAGE_IO. */
  static async open(directory: string): Promise<OpenMark> {
    const [open, unclean] = [join(directory, 'open'), join(directory, 'unclean')]
    const bootId = (await readBootId()) ?? 'unknown'
    const own = join(open, `${bootId}.${process.pid}.${(await startOf(process.pid)) ?? 0}.${randomUUID()}`)
    try {
      await leaveMark(own, unclean)
      for (const name of await namesIn(open)) {
        if (await isAlive(name, bootId)) continue
        // Another process may just be doing the same.
        await rename(join(open, name), join(unclean, name)).catch((error) => tolerate(error, 'ENOENT'))
      }
      return new OpenMark(
        own,
        (await namesIn(unclean)).map((name) => join(unclean, name)),
      )
    } catch (error) {
      throw ioError(`marking ${directory} as open`, error)
    }
  }

  /** Every chunk was found to be what its key says after this was opened: unclean stops before that are forgotten. */
  async allSound(): Promise<void> {
    for (const path of this.#unclean) await remove(path)
  }

  async close(): Promise<void> {
    await remove(this.#own)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function leaveMark(own: string, unclean: string): Promise<void> {
  try {
    await mkdir(join(own, '..'), { recursive: true })
    await mkdir(unclean, { recursive: true })
    await writeFile(own, '', { flag: 'wx' })
  } catch (error) {
    tolerate(error)
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (error) {
    throw ioError(`removing ${path}`, error)
  }
}

/** A process id comes again, but not with the same start. A mark of another machine counts as one of a dead process. */
async function isAlive(name: string, bootId: string): Promise<boolean> {
  const [markedBootId, pid, start] = name.split('.')
  if (markedBootId !== bootId) return false
  const actualStart = await startOf(Number(pid))
  return actualStart !== undefined && `${actualStart}` === start
}

/** When the process began, in ticks since the boot; 0 where the system does not say; `undefined`: there is none. */
async function startOf(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in brackets, may contain anything. The start is the 22nd field.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return isRunning(pid) ? 0 : undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    return Number.isInteger(pid) && pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

function tolerate(error: unknown, ...more: readonly string[]): void {
  const errno = errnoOf(error) ?? ''
  if (!harmless.has(errno) && !more.includes(errno)) throw error
}
