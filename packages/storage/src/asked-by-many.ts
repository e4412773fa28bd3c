/**
 * Asks once for all who come while an answer is on its way, and after it: so no answer is older than its question.
 * Nobody waits for others to come.
 */
export class AskedByMany<Answer> {
  readonly #read: () => Promise<Answer>
  #running: Promise<Answer> | undefined
  #next: Promise<Answer> | undefined

  constructor(read: () => Promise<Answer>) {
    this.#read = read
  }

  ask(): Promise<Answer> {
    if (this.#running === undefined) return this.#begin()
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    )
    return this.#next
  }

  #begin(): Promise<Answer> {
    this.#next = undefined
    const running = this.#read()
    const end = (): void => {
      if (this.#running === running) this.#running = undefined
    }
    this.#running = running
    running.then(end, end)
    return running
  }
}
