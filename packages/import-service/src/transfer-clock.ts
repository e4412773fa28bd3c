/** Time from the first to the last payload byte of one run, as far as it was seen, by `performance.now()`: nobody sets that. */
export class TransferClock {
  #quietAtMs: number | undefined
  #firstAtMs: number | undefined
  #lastAtMs: number | undefined
  #seenBytes = 0

  /**
   * Takes the payload counter at a moment. The first bytes came after the last look at which there were
   * none, so the clock starts there.
   */
  observe(downloadedBytes: number, nowMs: number): void {
    if (downloadedBytes > this.#seenBytes) {
      this.#seenBytes = downloadedBytes
      this.note(nowMs)
    } else if (this.#firstAtMs === undefined) {
      this.#quietAtMs = nowMs
    }
  }

  /** Payload came at this moment. */
  note(nowMs: number): void {
    this.#firstAtMs ??= this.#quietAtMs ?? nowMs
    this.#lastAtMs = nowMs
  }

  /** Zero when nothing came. */
  get seconds(): number {
    if (this.#firstAtMs === undefined || this.#lastAtMs === undefined) return 0
    return (this.#lastAtMs - this.#firstAtMs) / 1000
  }
}
