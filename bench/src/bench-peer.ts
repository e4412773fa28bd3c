import { join } from 'node:path'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import type { Leecher } from 'bae-e2e/harness/peers/leecher.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { pythonLeecher } from './leecher-commands.js'

const startLimitMs = 60_000
const completeLimitMs = 240_000

/** A program of ours with one torrent: what it says, and is told, is in client-node.ts. */
export class BenchPeer implements Leecher {
  readonly program: string
  readonly address: string
  readonly #child: ChildProgram
  readonly #folder: string
  readonly #complete: Promise<string>

  private constructor(
    program: string,
    child: ChildProgram,
    folder: string,
    address: string,
    complete: Promise<string>,
  ) {
    this.program = program
    this.address = address
    this.#child = child
    this.#folder = folder
    this.#complete = complete
  }

  /** `first`: the storage of client-node, the role of service-node, the modules of webtorrent-node. `under`: a command that runs it. */
  static start(
    program: 'client-node' | 'service-node' | 'webtorrent-node',
    first: string,
    torrentPath: string,
    folder: string,
    under: readonly string[] = [],
  ): Promise<BenchPeer> {
    const script = join(repositoryRoot, `bench/dist/${program}.js`)
    return BenchPeer.#run(program, [...under, process.execPath, script, first, torrentPath, folder], folder)
  }

  /** libtorrent's own client, with the settings of ours. */
  static startPython(torrentPath: string, folder: string): Promise<BenchPeer> {
    const job = { torrentPath, folder: join(folder, 'content'), addresses: [] }
    return BenchPeer.#run('libtorrent', pythonLeecher(job), folder)
  }

  static async #run(
    program: string,
    [command = '', ...args]: readonly string[],
    folder: string,
  ): Promise<BenchPeer> {
    const child = new ChildProgram(command, args)
    // Who has everything may say so before anything else.
    const complete = child.nextLine(completeLimitMs, (line) => line.includes('complete'))
    complete.catch(() => {})
    try {
      const said = await child.nextLine(startLimitMs, (line) => line.includes('address'))
      const { address } = JSON.parse(said) as { address: string }
      return new BenchPeer(program, child, folder, address, complete)
    } catch (error) {
      await child.close()
      throw error
    }
  }

  /** CPU of a database server that it started, so far: that detaches itself, and is no child. */
  async otherCpuSeconds(): Promise<number> {
    if (this.program !== 'client-node' && this.program !== 'service-node') return 0
    const answer = this.#child.nextLine(startLimitMs, (line) => line.includes('"usage"'))
    this.#child.writeLine('usage')
    return (JSON.parse(await answer) as { usage: number }).usage
  }

  async whenComplete(): Promise<string> {
    await this.#complete
    return join(this.#folder, 'content')
  }

  /** How long the first byte from this place of the file takes. */
  async seek(offset: number): Promise<number> {
    const answer = this.#child.nextLine(startLimitMs, (line) => line.includes('"ms"'))
    this.#child.writeLine(String(offset))
    return (JSON.parse(await answer) as { ms: number }).ms
  }

  async close(): Promise<void> {
    this.#child.writeLine('end')
    await this.#child.whenExited(startLimitMs).catch(() => {})
    await this.#child.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
