import { setTimeout } from 'node:timers/promises'
import { proportionalBytesOf, serverProcessesAmong } from './server-usage.js'

/** Seldom: the kernel walks all their pages for each look. */
const sampleEveryMs = 250

/** Watches what database servers among some processes take. */
export class ServerWatch implements AsyncDisposable {
  readonly #pids: () => Promise<readonly number[]>
  readonly #stopping = new AbortController()
  readonly #loop: Promise<void>
  #peakBytes = 0

  constructor(pids: () => Promise<readonly number[]>) {
    this.#pids = pids
    this.#loop = this.#run()
  }

  /** The largest sum at any moment, shared pages divided among those who share them; 0 where there was none. */
  get peakBytes(): number {
    return this.#peakBytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const bytes = await proportionalBytesOf(await serverProcessesAmong(await this.#pids()))
      this.#peakBytes = Math.max(this.#peakBytes, bytes)
      await setTimeout(sampleEveryMs, undefined, { signal }).catch(() => {})
    }
  }
}
