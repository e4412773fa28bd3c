import { defaultKeptEvents, type EventPage, type ImportEvent, trimBatch } from './import-event.js'

export class MemoryEventLog {
  readonly #kept: number
  readonly #batch: number
  #events: ImportEvent[] = []
  #lastSeq = 0

  constructor(kept = defaultKeptEvents) {
    this.#kept = kept
    this.#batch = trimBatch(kept)
  }

  append(event: Omit<ImportEvent, 'seq'>): void {
    this.#lastSeq += 1
    this.#events.push(structuredClone({ ...event, seq: this.#lastSeq }))
    if (this.#events.length >= this.#kept + this.#batch) this.#events = this.#events.slice(-this.#kept)
  }

  read({ after, limit }: { readonly after: number; readonly limit: number }): EventPage {
    const firstSeq = this.#events[0]?.seq ?? this.#lastSeq + 1
    const from = Math.max(0, after + 1 - firstSeq)
    const events = structuredClone(this.#events.slice(from, from + limit))
    return { events, firstSeq, lastSeq: this.#lastSeq }
  }
}
