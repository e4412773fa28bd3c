import type { ServiceClock } from './service-clock.js'

/** Notices that nothing came for a while, and asks what to do about it, again and again until it is told to stop. */
export class StallWatch {
  readonly #clock: ServiceClock
  readonly #afterMs: number
  readonly #stalled: () => Promise<boolean>
  #notedAtMs: number
  #cancel: () => void

  /** `stalled` answers whether to stop looking. */
  constructor(
    { clock, afterMs }: { readonly clock: ServiceClock; readonly afterMs: number },
    stalled: () => Promise<boolean>,
  ) {
    this.#clock = clock
    this.#afterMs = afterMs
    this.#stalled = stalled
    this.#notedAtMs = clock.now()
    this.#cancel = clock.after(afterMs, () => this.#look())
  }

  /** Something came. */
  note(): void {
    this.#notedAtMs = this.#clock.now()
  }

  stop(): void {
    this.#cancel()
    this.#cancel = stopped
  }

  #look(): void {
    const quietMs = this.#clock.now() - this.#notedAtMs
    if (quietMs < this.#afterMs) {
      this.#lookAgain(this.#afterMs - quietMs)
      return
    }
    const again = (): void => this.#lookAgain(this.#afterMs)
    // Who cannot say whether others wait is asked again.
    this.#stalled().then((isOver) => isOver || again(), again)
  }

  #lookAgain(delayMs: number): void {
    if (this.#cancel !== stopped) this.#cancel = this.#clock.after(delayMs, () => this.#look())
  }
}

/** A mark, and nothing to undo. */
function stopped(): void {}
