import type { ClientSession, SessionKind } from './client-session.js'
import { ClientError } from './errors.js'

export type OpenClientSession = (kind: SessionKind) => Promise<ClientSession>

/** The sessions of a client, one a kind, as a session has one kind of disk storage: opened when first needed. */
export class ClientSessions {
  readonly #openSession: OpenClientSession
  readonly #opening = new Map<SessionKind, Promise<ClientSession>>()
  readonly #open = new Map<SessionKind, ClientSession>()
  #closing: Promise<void> | undefined

  constructor(openSession: OpenClientSession) {
    this.#openSession = openSession
  }

  /** Those that are open, in the order they were opened. */
  get all(): readonly ClientSession[] {
    return [...this.#open.values()]
  }

  /** One that failed to open is tried again by the next who asks. Rejects CLIENT_CLOSED once all close. */
  async open(kind: SessionKind): Promise<ClientSession> {
    if (this.#closing !== undefined) throw new ClientError('CLIENT_CLOSED', 'the client is closed')
    return this.#opening.get(kind) ?? this.#begin(kind)
  }

  /** Ends all, also those that still open. Rejects with the first failure, once all are closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #begin(kind: SessionKind): Promise<ClientSession> {
    const opening = this.#openSession(kind).then(
      (session) => {
        this.#open.set(kind, session)
        return session
      },
      (error: unknown) => {
        this.#opening.delete(kind)
        throw error
      },
    )
    this.#opening.set(kind, opening)
    return opening
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#opening.values())
    const closed = await Promise.allSettled(this.all.map(({ native }) => native.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }
}
