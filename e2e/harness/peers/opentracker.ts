import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { accepts, freePort } from '../free-port.js'
import { makeTemporaryFolder, removeFolder } from '../temporary-folder.js'

/** opentracker on 127.0.0.1, over HTTP and UDP. It serves the torrents that are named and no others, as Debian builds it. */
export class OpenTracker implements AsyncDisposable {
  readonly httpUrl: string
  readonly udpUrl: string
  readonly #program: ChildProgram
  readonly #folder: string

  private constructor(program: ChildProgram, folder: string, port: number) {
    this.#program = program
    this.#folder = folder
    this.httpUrl = `http://127.0.0.1:${port}/announce`
    this.udpUrl = `udp://127.0.0.1:${port}/announce`
  }

  static async start(infoHashes: readonly string[]): Promise<OpenTracker> {
    const folder = await makeTemporaryFolder()
    const port = await freePort()
    // As root it locks itself into its folder and becomes nobody.
    await writeFile(join(folder, 'allowed'), infoHashes.map((hash) => `${hash}\n`).join(''), { mode: 0o644 })
    // It binds in the order of its arguments: when TCP is there, UDP is too.
    const sockets = ['-i', '127.0.0.1', '-P', String(port), '-p', String(port)]
    const program = new ChildProgram('opentracker', [...sockets, '-d', folder, '-w', 'allowed'])
    const tracker = new OpenTracker(program, folder, port)
    await poll(60_000, 'opentracker listening', async () => ((await accepts(port)) ? true : undefined))
    return tracker
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.close()
    await removeFolder(this.#folder)
  }
}
