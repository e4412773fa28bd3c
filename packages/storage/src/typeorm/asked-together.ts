import { isBaeError } from '../errors.js'
import type { TorrentId } from '../torrent-layout.js'

/** Answers in one statement for each of the ids, `undefined` where it is not there. */
export type ReadMany<Answer> = (ids: readonly TorrentId[]) => Promise<ReadonlyMap<TorrentId, Answer>>

interface Asked<Answer> {
  readonly id: TorrentId
  readonly resolve: (answer: Answer | undefined) => void
  readonly reject: (reason: unknown) => void
}

/** What is read at a time, so that one answer never is all of a library. */
const mostIds = 64

/** Each alone would meet the same: and a server that is away was waited for already. */
const ofNobodyAlone = ['STORAGE_DATABASE_UNAVAILABLE', 'STORAGE_CLOSED']

/** Anything else is an error of the server's, and must not be one of those who ask at the same time. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Asks about many torrents in one statement, for those who ask about one each: who comes while a statement is on its way
 * goes with the next one, so that an answer is never older than its question. Nobody waits for others to come.
 */
export class AskedTogether<Answer> {
  readonly #readMany: ReadMany<Answer>
  readonly #waiting: Asked<Answer>[] = []
  #isReading = false

  constructor(readMany: ReadMany<Answer>) {
    this.#readMany = readMany
  }

  async ask(id: TorrentId): Promise<Answer | undefined> {
    if (!uuid.test(id)) return (await this.#readMany([id])).get(id)
    const answer = new Promise<Answer | undefined>((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject })
    })
    if (!this.#isReading) void this.#readAll()
    return await answer
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    while (this.#waiting.length > 0) await this.#read(this.#waiting.splice(0, mostIds))
    this.#isReading = false
  }

  async #read(asked: readonly Asked<Answer>[]): Promise<void> {
    try {
      const answers = await this.#readMany([...new Set(asked.map(({ id }) => id))])
      for (const { id, resolve } of asked) resolve(answers.get(id))
    } catch (error) {
      const isOfAll = ofNobodyAlone.some((code) => isBaeError(error, code))
      // What is wrong with one of them is not the others' failure.
      if (!isOfAll && new Set(asked.map(({ id }) => id)).size > 1)
        await Promise.all(asked.map((one) => this.#read([one])))
      else for (const { reject } of asked) reject(error)
    }
  }
}
