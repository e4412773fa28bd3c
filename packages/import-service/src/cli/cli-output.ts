/** The part of a stream that output needs. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean
}

export interface CliOutputOptions {
  /** Colours and moving lines are only for terminals. */
  readonly colour: boolean
  /** Characters beyond ASCII can be shown. */
  readonly unicode: boolean
  /** The terminal knows how to move its cursor. */
  readonly movesCursor: boolean
}

/** A terminal echoes Ctrl-C as ^C behind the line; it must not wrap, or the line could not be replaced. */
const interruptColumns = 2

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

export type Style = keyof typeof codes

/** Where a command writes: results to stdout; texts, progress and errors to stderr. */
export class CliOutput {
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream
  readonly #options: CliOutputOptions

  constructor(
    streams: { readonly stdout: OutputStream; readonly stderr: OutputStream },
    options: CliOutputOptions,
  ) {
    this.#stdout = streams.stdout
    this.#stderr = streams.stderr
    this.#options = options
  }

  get unicode(): boolean {
    return this.#options.unicode
  }

  /** Whether progress can be drawn over itself. */
  get hasTerminal(): boolean {
    return this.#stderr.isTTY === true
  }

  /** Width to fit into; `undefined` where the output is no terminal and lines may be long. */
  get columns(): number | undefined {
    return this.#stdout.isTTY === true ? (this.#stdout.columns ?? 80) : undefined
  }

  get progressColumns(): number {
    return (this.#stderr.columns ?? 80) - interruptColumns
  }

  /** Whether the result can be drawn over itself. */
  get hasScreen(): boolean {
    return this.#stdout.isTTY === true && this.#options.movesCursor
  }

  /** As it is now: windows change. */
  get screenSize(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#stdout.columns ?? 80, rows: this.#stdout.rows ?? 24 }
  }

  /** A page of its own, so that what is drawn there never mixes with what was printed before. */
  openScreen(): void {
    this.#stdout.write('\u001b[?1049h\u001b[?25l')
  }

  /** Line by line over what was there: a whole page that is cleared first flickers. */
  drawScreen(lines: readonly string[]): void {
    this.#stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`)
  }

  closeScreen(): void {
    this.#stdout.write('\u001b[?25h\u001b[?1049l')
  }

  /** A line of the result. */
  print(line = ''): void {
    this.#stdout.write(`${line}\n`)
  }

  printJson(value: unknown): void {
    this.#stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** One array in one line, of which no more than an item is in memory. */
  async printJsonArray(values: AsyncIterable<unknown>): Promise<void> {
    let before = '['
    for await (const value of values) {
      await this.writeBytes(new TextEncoder().encode(before + JSON.stringify(value)))
      before = ','
    }
    this.print(before === '[' ? '[]' : ']')
  }

  /** A line beside the result. */
  note(line: string): void {
    this.#stderr.write(`${line}\n`)
  }

  /** A line of the log, in the place of the one that is drawn over itself. */
  log(line: string): void {
    this.#stderr.write(this.hasTerminal ? `\r\u001b[2K${line}\n` : `${line}\n`)
  }

  /** Replaces the line that the cursor is in; an empty one removes it. */
  redraw(line: string): void {
    this.#stderr.write(`\r\u001b[2K${line}`)
  }

  /** Bytes to stdout. Settles when they are taken, so that a slow reader slows us down. */
  writeBytes(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Settles when stdout has taken everything so far. Rejects when it did not. */
  written(): Promise<void> {
    return this.writeBytes(new Uint8Array())
  }

  style(style: Style, text: string): string {
    if (!this.#options.colour) return text
    const [on, off] = codes[style]
    return `\u001b[${on}m${text}\u001b[${off}m`
  }
}

/** Text of others, safe to show: control characters could move the cursor or rewrite what is above. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
