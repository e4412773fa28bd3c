import type { AbortOptions } from '../abort-options.js'
import { onAbort } from '../on-abort.js'

/** Something that happens now and then, and that others wait for. */
export class News {
  #waiting = new Set<() => void>()

  tell(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const wake of waiting) wake()
  }

  /** True when it happened, false when `waitMs` went by before; without `waitMs` it may take for ever. */
  async next(waitMs: number | undefined, { signal }: AbortOptions): Promise<boolean> {
    signal?.throwIfAborted()
    let wake = (): void => {}
    let timer: NodeJS.Timeout | undefined
    let leave: (() => void) | undefined
    try {
      return await new Promise<boolean>((resolve, reject) => {
        wake = () => resolve(true)
        this.#waiting.add(wake)
        if (waitMs !== undefined) timer = setTimeout(() => resolve(false), waitMs)
        leave = signal && onAbort(signal, () => reject(signal.reason))
      })
    } finally {
      this.#waiting.delete(wake)
      clearTimeout(timer)
      leave?.()
    }
  }
}
