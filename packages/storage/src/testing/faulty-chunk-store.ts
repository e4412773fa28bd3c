import type { StagingChunkStore } from '../chunk-store.js'
import { InterceptedChunkStore, type StoreOperation } from './intercepted-chunk-store.js'

interface Fault {
  readonly operation: StoreOperation
  readonly error: Error | undefined
  /** Calls of the operation that still go well. */
  skip: number
  /** Calls that fail after those. */
  times: number
}

/** A chunk store that fails or lies on a script. With an empty script it is the store below. */
export class FaultyChunkStore extends InterceptedChunkStore {
  readonly #script: Fault[]

  constructor(inner: StagingChunkStore) {
    const script: Fault[] = []
    super(inner, {
      before: async (operation) => {
        const fault = takeFault(script, (one) => one.operation === operation && one.error !== undefined)
        if (fault?.error !== undefined) throw fault.error
      },
      onRead: (operation, bytes) => {
        const lies = takeFault(script, (one) => one.operation === operation && one.error === undefined)
        return lies === undefined || bytes === undefined ? bytes : bytes.map((byte) => byte ^ 0xff)
      },
    })
    this.#script = script
  }

  /** The next `times` calls of `operation`, after `skip` good ones, reject with `error` and do nothing. */
  fail(operation: StoreOperation, error: Error, { skip = 0, times = 1 } = {}): void {
    this.#script.push({ operation, error, skip, times })
  }

  /** The next `times` reads, after `skip` honest ones, answer other bytes than were stored. */
  lie(operation: 'get' | 'staging.read', { skip = 0, times = 1 } = {}): void {
    this.#script.push({ operation, error: undefined, skip, times })
  }

  /** What has not happened yet will not. */
  clearScript(): void {
    this.#script.length = 0
  }

  /** True when everything on the script has happened. */
  get scriptIsDone(): boolean {
    return this.#script.every(({ times }) => times === 0)
  }
}

/** The first fault of the script that is due. */
function takeFault(script: readonly Fault[], matches: (fault: Fault) => boolean): Fault | undefined {
  const fault = script.find((one) => one.times > 0 && matches(one))
  if (fault === undefined) return undefined
  if (fault.skip > 0) {
    fault.skip--
    return undefined
  }
  fault.times--
  return fault
}
