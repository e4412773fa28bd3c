/**
 * Keeps a record for each torrent between runs of the client: by torrent id, each replaced as a whole. What is in a
 * record is the client's business. Whoever writes one runs `resumeStoreCompliance` of `@bae/client/testing` on it.
 */
export interface ResumeStore {
  /** Once it settles the record survives a crash of the process. Of two at once, one wins whole. */
  save(id: string, record: Uint8Array): Promise<void>
  /** Undefined when there is none. */
  load(id: string): Promise<Uint8Array | undefined>
  /** In any order. */
  list(): AsyncIterable<string>
  /** None is fine. */
  delete(id: string): Promise<void>
}

/** Until the process ends; for tests, and for clients that start anew in one process. */
export class MemoryResumeStore implements ResumeStore {
  readonly #records = new Map<string, Uint8Array>()

  async save(id: string, record: Uint8Array): Promise<void> {
    this.#records.set(id, record.slice())
  }

  async load(id: string): Promise<Uint8Array | undefined> {
    return this.#records.get(id)?.slice()
  }

  async *list(): AsyncIterable<string> {
    yield* [...this.#records.keys()]
  }

  async delete(id: string): Promise<void> {
    this.#records.delete(id)
  }
}
