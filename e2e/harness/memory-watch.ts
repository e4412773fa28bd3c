import { readdir, readFile } from 'node:fs/promises'

const sampleEveryMs = 25

/** The process and everything below it, as the kernel sees it now. */
export async function processTree(root: number): Promise<readonly number[]> {
  const pids = [root]
  for (const pid of pids) pids.push(...(await childrenOf(pid)))
  return pids
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children: number[] = []
  for (const thread of await readdir(`/proc/${pid}/task`).catch(goneIsEmpty)) {
    const text = await readFile(`/proc/${pid}/task/${thread}/children`, 'ascii').catch(goneIsBlank)
    children.push(...text.split(' ').filter(Boolean).map(Number))
  }
  return children
}

/** The kernel's own high-water mark of a process's resident memory; undefined once it is gone. */
export async function peakResidentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'ascii').catch(goneIsBlank)
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

/**
 * Watches groups of processes from outside. Each group's figure is the largest sum, at any moment, of the
 * high-water marks of the processes that live then: never less than the memory they had together.
 */
export class MemoryWatch implements AsyncDisposable {
  readonly #peaks = new Map<string, number>()
  readonly #groups: Readonly<Record<string, () => Promise<readonly number[]>>>
  #stopped = false
  readonly #loop: Promise<void>

  constructor(groups: Readonly<Record<string, () => Promise<readonly number[]>>>) {
    this.#groups = groups
    this.#loop = this.#run()
  }

  peakBytes(group: string): number {
    return this.#peaks.get(group) ?? 0
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #run(): Promise<void> {
    for (let isLast = false; !isLast; ) {
      // Who stops it wants to know of everything until then.
      isLast = this.#stopped
      for (const [name, pids] of Object.entries(this.#groups)) {
        const peaks = await Promise.all([...new Set(await pids())].map(peakResidentBytes))
        const sum = peaks.reduce<number>((total, bytes) => total + (bytes ?? 0), 0)
        this.#peaks.set(name, Math.max(this.peakBytes(name), sum))
      }
      await new Promise((resolve) => setTimeout(resolve, sampleEveryMs))
    }
  }
}

/** A process may end between two looks at it. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
}

function goneIsEmpty(error: unknown): string[] {
  if (isGone(error)) return []
  throw error
}

function goneIsBlank(error: unknown): string {
  if (isGone(error)) return ''
  throw error
}
