import type { CliOutput } from './cli-output.js'

/** Fewer than four a second, with room for a late timer. */
const jsonIntervalMs = 300
const drawIntervalMs = 120
const lineIntervalMs = 5_000

export interface ProgressView {
  /** What a terminal shows; it is drawn over itself. */
  readonly bar: (columns: number) => string
  /** What a log shows. */
  readonly line: () => string
  /** The event for scripts. */
  readonly event: () => unknown
}

/** Shows progress until it is closed: a moving bar, a line now and then, or JSON events. */
export class ProgressReporter implements Disposable {
  readonly #output: CliOutput
  readonly #timer: NodeJS.Timeout
  readonly #drawn: boolean

  constructor(output: CliOutput, view: ProgressView, options: { readonly json: boolean }) {
    this.#output = output
    this.#drawn = !options.json && output.hasTerminal
    const [show, intervalMs] = options.json
      ? [() => output.printJson(view.event()), jsonIntervalMs]
      : this.#drawn
        ? [() => output.redraw(view.bar(output.progressColumns)), drawIntervalMs]
        : [() => output.note(view.line()), lineIntervalMs]
    this.#timer = setInterval(show, intervalMs)
    if (this.#drawn || options.json) show()
  }

  close(): void {
    clearInterval(this.#timer)
    if (this.#drawn) this.#output.redraw('')
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
