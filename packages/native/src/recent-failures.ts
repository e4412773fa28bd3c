import { NativeError } from './errors.js'

/** As much of a request's number as an error code of libtorrent carries: kLastFailureNumber in cpp/disk/disk_error.h. */
const LAST_NUMBER = 2 ** 24 - 1

/** Alerts come soon after the failure, one for each block of a piece, or not at all: it is not known when the last came. */
const KEPT_FAILURES = 1_000

/** What storage calls threw lately: libtorrent carries only the number of the call, this finds the error again. */
export class RecentFailures {
  readonly #errors = new Map<number, unknown>()

  note(request: number, error: unknown): void {
    this.#errors.set(request & LAST_NUMBER, error)
    if (this.#errors.size <= KEPT_FAILURES) return
    const [oldest] = this.#errors.keys()
    if (oldest !== undefined) this.#errors.delete(oldest)
  }

  /** Nobody rejected where the call was given up. */
  causeOf(request: number): unknown {
    if (this.#errors.has(request)) return this.#errors.get(request)
    return new NativeError('NATIVE_REQUEST_ABORTED', 'a storage call took longer than storageDeadlineMs')
  }
}
