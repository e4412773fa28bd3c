import { execFile } from 'node:child_process'
import type { Environment } from '../config/sources.js'

/** Where systemd has not heard of us for so long, it starts us anew: we tell it twice within that time. */
const tellsPerInterval = 2
const tellWithinMs = 5_000

export interface ServiceManagerDeps {
  readonly environment: Environment
  /** Called with what could not be told, and why. */
  readonly failed: (message: string) => void
  /** Runs `systemd-notify`: Node has no datagram sockets of the unix kind. */
  readonly notify?: (words: readonly string[]) => Promise<void>
}

/** Tells the one who started us (systemd, or what speaks as it does) how we are. Nobody is told where nobody asked. */
export class ServiceManager implements Disposable {
  readonly #deps: Required<ServiceManagerDeps>
  #watchdog: NodeJS.Timeout | undefined

  constructor(deps: ServiceManagerDeps) {
    this.#deps = { notify: runSystemdNotify, ...deps }
  }

  async ready(status: string): Promise<void> {
    await this.#tell('READY=1', `STATUS=${status}`)
    const { WATCHDOG_USEC: interval, WATCHDOG_PID: pid } = this.#deps.environment
    const intervalMs = Number(interval) / 1_000
    if (!(intervalMs > 0) || (pid !== undefined && pid !== String(process.pid))) return
    this.#watchdog = setInterval(() => void this.#tell('WATCHDOG=1'), intervalMs / tellsPerInterval)
    this.#watchdog.unref()
  }

  stopping(): Promise<void> {
    this[Symbol.dispose]()
    return this.#tell('STOPPING=1')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watchdog)
  }

  /** Never rejects: what runs well does not end because nobody could be told of it. */
  async #tell(...words: readonly string[]): Promise<void> {
    if (!this.#deps.environment.NOTIFY_SOCKET) return
    try {
      await this.#deps.notify(words)
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unknown reason'
      this.#deps.failed(`systemd could not be told ${words[0]}: ${why}`)
    }
  }
}

function runSystemdNotify(words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', [...words], { timeout: tellWithinMs }, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}
