interface Lane {
  /** Settles when the last exclusive call has. */
  exclusive: Promise<unknown>
  /** The shared calls made since then that are still running. */
  shared: Set<Promise<unknown>>
  running: number
}

/**
 * Puts the calls for one key in order: an exclusive call runs alone, after all calls made before it; shared
 * calls run beside each other. Calls for different keys know nothing of each other. A failed call holds up
 * nobody.
 */
export class KeyedQueue<Key> {
  readonly #lanes = new Map<Key, Lane>()

  exclusive<T>(key: Key, call: () => Promise<T>): Promise<T> {
    const lane = this.#lane(key)
    const running = Promise.all([lane.exclusive, ...lane.shared]).then(call)
    lane.exclusive = this.#leaving(key, lane, running)
    lane.shared = new Set()
    return running
  }

  shared<T>(key: Key, call: () => Promise<T>): Promise<T> {
    const lane = this.#lane(key)
    const running = lane.exclusive.then(call)
    const { shared } = lane
    const left: Promise<void> = this.#leaving(key, lane, running, () => void shared.delete(left))
    shared.add(left)
    return running
  }

  #lane(key: Key): Lane {
    const lane = this.#lanes.get(key) ?? { exclusive: Promise.resolve(), shared: new Set(), running: 0 }
    this.#lanes.set(key, lane)
    lane.running++
    return lane
  }

  /** Settles with `running` and never rejects: its error is the business of whoever made the call. */
  #leaving(key: Key, lane: Lane, running: Promise<unknown>, left = (): void => {}): Promise<void> {
    const leave = (): void => {
      left()
      lane.running--
      if (lane.running === 0) this.#lanes.delete(key)
    }
    return running.then(leave, leave)
  }
}
