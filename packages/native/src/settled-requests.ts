/** As many as are told of at once. */
const MOST_IDS = 256

/** Requests that ended well and whose answer is nothing: all that end one after the other cross the border in one call. */
export class SettledRequests {
  readonly #tell: (ids: Uint32Array, count: number) => void
  readonly #ids = new Uint32Array(MOST_IDS)
  #count = 0

  constructor(tell: (ids: Uint32Array, count: number) => void) {
    this.#tell = tell
  }

  /** Told before the event loop does anything else. */
  add(id: number): void {
    if (this.#count === 0) queueMicrotask(() => this.#flush())
    this.#ids[this.#count++] = id
    if (this.#count === MOST_IDS) this.#flush()
  }

  #flush(): void {
    const count = this.#count
    this.#count = 0
    if (count > 0) this.#tell(this.#ids, count)
  }
}
