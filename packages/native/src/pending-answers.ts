/**
 * Promises for answers that come as alerts, in the order of the questions. `Question` is what it takes to ask once
 * more: libtorrent drops alerts when its queue is full.
 */
export class PendingAnswers<Question, Answer> {
  #waiting: {
    readonly question: Question
    resolve(answer: Answer): void
    reject(error: Error): void
  }[] = []

  wait(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject })
    })
  }

  get questions(): readonly Question[] {
    return this.#waiting.map(({ question }) => question)
  }

  /** An answer that nobody waits for (to a question asked twice) is dropped. */
  resolveNext(answer: Answer): void {
    this.#waiting.shift()?.resolve(answer)
  }

  resolveAll(answer: Answer): void {
    for (const each of this.#waiting.splice(0)) each.resolve(answer)
  }

  rejectNext(error: Error): void {
    this.#waiting.shift()?.reject(error)
  }

  rejectAll(error: Error): void {
    for (const each of this.#waiting.splice(0)) each.reject(error)
  }
}
