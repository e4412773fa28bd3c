import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { within } from './bounded-wait.js'

export interface ProgramExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
}

const textKeptBytes = 1024 * 1024
/** How long pipes that somebody else holds open must have been silent. */
const silentForMs = 500

/** A child process of a test: its texts are kept, every wait for it is bounded, and it can always be ended. */
export class ChildProgram implements AsyncDisposable {
  readonly command: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit: Promise<ProgramExit>
  readonly #lineListeners = new Set<(line: string) => void>()
  #exited = false
  #partialLine = ''
  #stdout = ''
  #stderr = ''
  /** How many have come from either pipe. */
  #texts = 0

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.command = command
    this.#child = spawn(command, args, { ...options, stdio: 'pipe' })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#takeStdout(text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#texts += 1
      this.#stderr = (this.#stderr + text).slice(-textKeptBytes)
    })
    this.#child.stdin.on('error', () => {}) // The child may end before it reads: its exit is what tells.
    this.#exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
      // A grandchild that outlives a killed child may hold its pipes open: that must not hold the test.
      this.#child.once('exit', (code, signal) => this.#onceSilent(() => resolve({ code, signal })))
    })
    // Whoever waits for the exit gets the error; a test that failed before must not fail twice.
    this.#exit
      .catch(() => {})
      .finally(() => {
        this.#exited = true
      })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.command} did not start`)
    return this.#child.pid
  }

  get running(): boolean {
    return !this.#exited
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  onLine(listener: (line: string) => void): () => void {
    this.#lineListeners.add(listener)
    return () => this.#lineListeners.delete(listener)
  }

  /** The next whole line of stdout that `accept` takes. Rejects when the program ends first. */
  async nextLine(limitMs: number, accept: (line: string) => boolean = () => true): Promise<string> {
    let unsubscribe = () => {}
    const line = new Promise<string>((resolve) => {
      unsubscribe = this.onLine((text) => {
        if (accept(text)) resolve(text)
      })
    })
    const ended = this.#exit.then((exit) => {
      throw new Error(
        `${this.command} ended (${exit.code ?? exit.signal}) before the expected line: ${this.#stderr}`,
      )
    })
    try {
      return await within(limitMs, `a line of ${this.command}`, Promise.race([line, ended]))
    } finally {
      unsubscribe()
    }
  }

  writeLine(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#exited) this.#child.kill(signal)
  }

  async whenExited(limitMs: number): Promise<ProgramExit> {
    return within(limitMs, `the end of ${this.command}`, this.#exit)
  }

  /** Asks it to end, then makes it. */
  async close(): Promise<void> {
    if (this.#exited) return
    this.signal('SIGTERM')
    try {
      await this.whenExited(10_000)
    } catch {
      this.signal('SIGKILL')
      await this.whenExited(60_000)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Looks into the pipes before it believes in the silence: where this process had to wait, they may be full. */
  #onceSilent(then: () => void): void {
    const before = this.#texts
    const look = (): void => (this.#texts === before ? then() : this.#onceSilent(then))
    setTimeout(() => setImmediate(look), silentForMs)
  }

  #takeStdout(text: string): void {
    this.#texts += 1
    this.#stdout = (this.#stdout + text).slice(-textKeptBytes)
    const lines = (this.#partialLine + text).split('\n')
    this.#partialLine = lines.pop() ?? ''
    for (const line of lines) for (const listener of this.#lineListeners) listener(line)
  }
}
