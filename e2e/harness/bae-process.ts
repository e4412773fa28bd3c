import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type BaeEvent,
  type CompletedEvent,
  isCompleted,
  isProgress,
  type ProgressEvent,
} from './bae-events.js'
import type { BaeLibrary } from './bae-library.js'
import { ChildProgram, type ProgramExit, type ProgramOptions } from './child-program.js'
import { refuseOldProgram } from './program-made-of.js'
import { repositoryRoot } from './repository-root.js'

export const baePath = join(repositoryRoot, 'packages/import-service/bin/bae.js')
refuseOldProgram(join(repositoryRoot, 'packages'))

export interface BaeResult extends ProgramExit {
  readonly stdout: string
  readonly stderr: string
  readonly events: readonly BaeEvent[]
}

export interface ArrivedEvent {
  readonly event: BaeEvent
  readonly atMs: number
}

/** The bae command as its users run it: a process of its own, seen through its output only. */
export class BaeProcess implements AsyncDisposable {
  readonly #program: ChildProgram
  readonly #arrived: ArrivedEvent[] = []

  constructor(library: BaeLibrary, args: readonly string[], options: ProgramOptions = {}) {
    const env = { ...withoutBaeVariables(), ...library.env, ...options.env }
    this.#program = new ChildProgram(process.execPath, [baePath, ...args], {
      cwd: library.root,
      ...options,
      env,
    })
    if (args.includes('--json')) this.#program.onLine((line) => this.#take(line))
  }

  get pid(): number {
    return this.#program.pid
  }

  get running(): boolean {
    return this.#program.running
  }

  get stderr(): string {
    return this.#program.stderr
  }

  /** Every event so far with the moment it was read. */
  get arrived(): readonly ArrivedEvent[] {
    return this.#arrived
  }

  get lastProgress(): ProgressEvent | undefined {
    return this.#arrived.map((each) => each.event).findLast(isProgress)
  }

  /** Waits until a line of progress satisfies `accept`; rejects when the command ends before. */
  async whenProgress(limitMs: number, accept: (progress: ProgressEvent) => boolean): Promise<ProgressEvent> {
    if (this.lastProgress !== undefined && accept(this.lastProgress)) return this.lastProgress
    const line = await this.#program.nextLine(limitMs, (text) => {
      const event = parseLine(text)
      return isProgress(event) && accept(event)
    })
    return JSON.parse(line) as ProgressEvent
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal)
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<BaeResult> {
    this.#program.signal('SIGKILL')
    return this.result(60_000)
  }

  async result(limitMs: number): Promise<BaeResult> {
    const exit = await this.#program.whenExited(limitMs)
    const events = this.#arrived.map((each) => each.event)
    return { ...exit, stdout: this.#program.stdout, stderr: this.#program.stderr, events }
  }

  async close(): Promise<void> {
    await this.#program.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #take(line: string): void {
    const event = parseLine(line)
    if (event !== undefined) this.#arrived.push({ event, atMs: Date.now() })
  }
}

/** Runs one command to its end. */
export async function bae(
  library: BaeLibrary,
  args: readonly string[],
  options: ProgramOptions & { limitMs?: number } = {},
): Promise<BaeResult> {
  const { limitMs = 180_000, ...rest } = options
  await using command = new BaeProcess(library, args, rest)
  return await command.result(limitMs)
}

/** Runs one command that must succeed and reads the JSON document that it prints. */
export async function baeJson<T>(
  library: BaeLibrary,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<T> {
  const result = await bae(library, [...args, '--json'], options)
  if (result.code !== 0)
    throw new Error(`bae ${args.join(' ')} exited ${result.code}: ${result.stderr}${result.stdout}`)
  return JSON.parse(result.stdout) as T
}

/** Runs one command that must succeed and returns the bytes that it writes to stdout. */
export async function baeBytes(library: BaeLibrary, args: readonly string[]): Promise<Uint8Array> {
  const env = { ...withoutBaeVariables(), ...library.env }
  const options = {
    env,
    cwd: library.root,
    encoding: 'buffer',
    maxBuffer: 512 * 1024 * 1024,
    timeout: 180_000,
  } as const
  return (await promisify(execFile)(process.execPath, [baePath, ...args], options)).stdout
}

/** Imports `source` from `peers`, which must succeed. */
export async function importTorrent(
  library: BaeLibrary,
  source: string,
  peers: readonly { readonly address: string }[],
  options: ProgramOptions & { limitMs?: number } = {},
): Promise<CompletedEvent> {
  const peerArgs = peers.flatMap((peer) => ['--peer', peer.address])
  const result = await bae(library, ['import', source, ...peerArgs, '--json'], {
    limitMs: 180_000,
    ...options,
  })
  return completedOf(result)
}

/** The last line of an import that must have succeeded. */
export function completedOf(result: BaeResult): CompletedEvent {
  const last = result.events.at(-1)
  if (result.code === 0 && isCompleted(last)) return last
  throw new Error(`import exited ${result.code ?? result.signal}: ${JSON.stringify(last)} ${result.stderr}`)
}

function parseLine(line: string): BaeEvent | undefined {
  if (!line.startsWith('{')) return undefined
  return JSON.parse(line) as BaeEvent
}

/** What the developer's own shell says about bae must not reach the tests. */
function withoutBaeVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BAE_')))
}
