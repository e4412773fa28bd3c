import { CliOutput, type OutputStream } from '../../src/cli/cli-output.js'

class CapturedStream implements OutputStream {
  readonly isTTY: boolean
  readonly columns = 80
  readonly #failure: Error | undefined
  text = ''

  constructor(isTTY: boolean, failure?: Error) {
    this.isTTY = isTTY
    this.#failure = failure
  }

  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean {
    if (this.#failure !== undefined) {
      done?.(this.#failure)
      return false
    }
    this.text += typeof data === 'string' ? data : new TextDecoder().decode(data)
    done?.()
    return true
  }
}

/** Output that a test reads back. */
export class CapturedOutput extends CliOutput {
  readonly #stdout: CapturedStream
  readonly #stderr: CapturedStream

  /** `failure`: what stdout answers to every write. */
  constructor(
    options: { readonly isTTY?: boolean; readonly colour?: boolean; readonly failure?: Error } = {},
  ) {
    const stdout = new CapturedStream(options.isTTY ?? false, options.failure)
    const stderr = new CapturedStream(options.isTTY ?? false)
    super({ stdout, stderr }, { colour: options.colour ?? false, unicode: false, movesCursor: true })
    this.#stdout = stdout
    this.#stderr = stderr
  }

  get stdout(): string {
    return this.#stdout.text
  }

  get stderr(): string {
    return this.#stderr.text
  }

  /** stdout as the JSON objects of its lines. */
  get events(): readonly Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}
