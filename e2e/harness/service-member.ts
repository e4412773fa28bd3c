import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportProgress } from '@bae/import-service'
import type { BaeLibrary } from './bae-library.js'
import { poll } from './bounded-wait.js'
import { ChildProgram } from './child-program.js'
import { repositoryRoot } from './repository-root.js'

const program = join(repositoryRoot, 'e2e/dist/harness/service-member-program.js')

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly importId?: string
  readonly torrentId?: string
  readonly err?: { readonly code?: string }
  readonly error?: { readonly code?: string }
}

/** One of several services on one library, each a process: `bae serve` is one a library. */
export class ServiceMember implements AsyncDisposable {
  readonly #program: ChildProgram

  private constructor(program: ChildProgram) {
    this.#program = program
  }

  /** With the library open; nothing runs before `start`. */
  static async open(
    library: BaeLibrary,
    { leaseMs, env: more }: { readonly leaseMs?: number; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<ServiceMember> {
    const env = { ...process.env, ...library.env, ...more }
    const child = new ChildProgram(process.execPath, [program, ...(leaseMs ? [String(leaseMs)] : [])], {
      env,
    })
    try {
      await child.nextLine(60_000)
      return new ServiceMember(child)
    } catch (error) {
      await child.close()
      throw error
    }
  }

  /** The import's id. */
  async add(torrentPath: string, peers: readonly string[]): Promise<string> {
    return await this.#ask(['add', torrentPath, ...peers].join(' '))
  }

  async start(): Promise<void> {
    await this.#ask('start')
  }

  /** Of imports that it downloads at a time. */
  async limit(count: number): Promise<void> {
    await this.#ask(`limit ${count}`)
  }

  async running(): Promise<readonly ImportProgress[]> {
    return await this.#ask('running')
  }

  /** SIGSTOP when a storage comes by that point. */
  async stopAt(point: string): Promise<void> {
    await this.#ask(`stop-at ${point}`)
  }

  async whenStopped(): Promise<void> {
    await poll(60_000, 'a process that stands', async () => {
      const stat = await readFile(`/proc/${this.#program.pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T') ? true : undefined
    })
  }

  goOn(): void {
    this.#program.signal('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#program.signal('SIGKILL')
    await this.#program.whenExited(60_000)
  }

  get log(): readonly LogLine[] {
    const lines = this.#program.stderr.split('\n').filter((line) => line.startsWith('{'))
    return lines.map((line) => JSON.parse(line) as LogLine)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.goOn()
    await this.#program.close()
  }

  async #ask<T>(line: string): Promise<T> {
    const answer = this.#program.nextLine(60_000)
    this.#program.writeLine(line)
    return JSON.parse(await answer) as T
  }
}
