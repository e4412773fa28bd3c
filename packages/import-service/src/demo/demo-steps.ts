import type { CliOutput } from '../cli/cli-output.js'

/** Titles and results share 80 columns. */
const titleColumns = 31

/** Tells a story in numbered steps: what is being done, then what came of it. */
export class DemoSteps {
  readonly #output: CliOutput
  #number = 0

  constructor(output: CliOutput) {
    this.#output = output
  }

  async run<T>(title: string, work: () => Promise<T>, describe: (result: T) => string): Promise<T> {
    this.#number += 1
    const label = `  ${this.#output.style('cyan', String(this.#number))}  ${title}`
    if (this.#output.hasTerminal) this.#output.redraw(`${label} ...`)
    try {
      const result = await work()
      if (this.#output.hasTerminal) this.#output.redraw('')
      const gap = ' '.repeat(Math.max(2, titleColumns - title.length))
      this.#output.print(`${label}${gap}${this.#output.style('green', describe(result))}`)
      return result
    } catch (error) {
      if (this.#output.hasTerminal) this.#output.redraw('')
      this.#output.print(`${label}: ${this.#output.style('red', 'failed')}`)
      throw error
    }
  }
}
