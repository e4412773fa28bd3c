import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BaeLibrary } from './bae-library.js'
import { BaeProcess, type BaeResult } from './bae-process.js'
import { poll } from './bounded-wait.js'

/** `bae serve` on the library of a test, from when it is ready. */
export class BaeService implements AsyncDisposable {
  readonly #process: BaeProcess

  private constructor(process: BaeProcess) {
    this.#process = process
  }

  static async start(library: BaeLibrary, env: NodeJS.ProcessEnv = {}): Promise<BaeService> {
    const process = new BaeProcess(library, ['serve', '--json'], { env })
    const service = new BaeService(process)
    try {
      await poll(60_000, 'a service that is ready', () => {
        if (!process.running) throw new Error(`bae serve ended: ${process.stderr}`)
        return process.arrived.length > 0 && existsSync(join(library.folder, 'control.sock'))
          ? true
          : undefined
      })
      return service
    } catch (error) {
      await process.close()
      throw error
    }
  }

  get pid(): number {
    return this.#process.pid
  }

  /** SIGTERM, and waits for its end. */
  async stop(): Promise<BaeResult> {
    this.#process.signal('SIGTERM')
    return await this.#process.result(60_000)
  }

  kill(): Promise<BaeResult> {
    return this.#process.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.close()
  }
}
