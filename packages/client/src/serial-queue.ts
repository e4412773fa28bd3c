/** Runs what it is given one after the other, in the order given. A failure stops only its own caller. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last.then(operation)
    this.#last = Promise.allSettled([result])
    return result
  }

  /** Settles when everything given so far has. */
  async idle(): Promise<void> {
    await this.#last
  }
}
