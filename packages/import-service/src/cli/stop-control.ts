import { ImportError, systemErrorCode } from '../errors.js'
import { exitFailed } from './command.js'

/** What a command has to stop, unless it says that it needs more. */
const stopWithinMs = 4_500
const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
}

export interface StopControlDeps {
  /** Ends the process at once. */
  readonly exit: (code: number) => void
}

/**
 * Everything that may end a command early: signals, the time given, an output that takes no more. The first of
 * them aborts `signal`; who has not stopped 4.5 s later, or when the time is over that it said it needs, is ended, and so is
 * who gets a second signal.
 */
export class StopControl {
  readonly #deps: StopControlDeps
  readonly #controller = new AbortController()
  #exitCode: number | undefined
  #lostOutput = false
  #onHangUp: (() => void) | undefined
  #extraMs = (): number => 0
  #timer: NodeJS.Timeout | undefined
  #guard: NodeJS.Timeout | undefined

  constructor(deps: StopControlDeps) {
    this.#deps = deps
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The exit code that the reason to stop asks for. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** True when the command was stopped because its result cannot be written. */
  get lostOutput(): boolean {
    return this.#lostOutput
  }

  /** From now on SIGHUP ends nothing: to a service without a terminal it says to read its settings again. */
  onHangUp(listener: () => void): void {
    this.#onHangUp = listener
  }

  /** `extraMs`, asked when it is stopped: how much longer than others the command may take for what it has to close then. */
  needsMore(extraMs: () => number): void {
    this.#extraMs = extraMs
  }

  interrupt(signalName: string): void {
    if (signalName === 'SIGHUP' && this.#onHangUp !== undefined) {
      this.#onHangUp()
      return
    }
    const exitCode = 128 + (signalNumbers[signalName] ?? 0)
    if (!this.signal.aborted)
      this.#stop(exitCode, new ImportError('IMPORT_INTERRUPTED', `stopped by ${signalName}`))
    // A terminal that closes says so twice, through the kernel and through its shell: nobody is impatient.
    else if (signalName !== 'SIGHUP') this.#deps.exit(exitCode)
  }

  /**
   * The output takes nothing more, and there is time to stop cleanly: where nobody reads any more as if the process
   * had died of SIGPIPE.
   */
  outputFailed(error: unknown): void {
    if (this.signal.aborted) return
    this.#lostOutput = true
    const code = systemErrorCode(error)
    if (code === 'EPIPE') {
      this.#stop(141, new ImportError('IMPORT_INTERRUPTED', 'nobody reads the output any more'))
    } else {
      const message = `the output cannot be written: ${reasons[code ?? ''] ?? code ?? 'unknown reason'}`
      this.#stop(exitFailed, new ImportError('IMPORT_OUTPUT_FAILED', message, { cause: error }))
    }
  }

  /** Stops with IMPORT_TIMEOUT in `delayMs`; `seconds` is what the user asked for. */
  stopAfter(delayMs: number, seconds: number): void {
    this.#timer = setTimeout(() => {
      if (this.signal.aborted) return
      this.#stop(1, new ImportError('IMPORT_TIMEOUT', `not done within ${seconds} s`))
    }, delayMs)
    this.#timer.unref()
  }

  /** Forgets its timers: the command has ended. */
  close(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#guard)
  }

  #stop(exitCode: number, reason: ImportError): void {
    this.#exitCode = exitCode
    this.#guard = setTimeout(() => this.#deps.exit(exitCode), stopWithinMs + this.#extraMs())
    this.#guard.unref()
    this.#controller.abort(reason)
  }
}
