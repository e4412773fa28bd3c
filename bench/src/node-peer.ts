import { join } from 'node:path'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import type { Leecher } from 'bae-e2e/harness/peers/leecher.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'

const startLimitMs = 60_000
const completeLimitMs = 240_000

interface Start {
  readonly address: string
  readonly otherCpuSeconds: number
}

/** client-node.ts or webtorrent-node.ts. */
export class NodePeer implements Leecher {
  readonly program: string
  readonly address: string
  readonly #node: ChildProgram
  readonly #folder: string
  readonly #cpuBefore: number
  readonly #complete: Promise<{ readonly otherCpuSeconds: number }>

  private constructor(
    program: string,
    node: ChildProgram,
    folder: string,
    said: Start,
    complete: Promise<string>,
  ) {
    this.program = program
    this.address = said.address
    this.#cpuBefore = said.otherCpuSeconds
    this.#node = node
    this.#folder = folder
    this.#complete = complete.then((line) => JSON.parse(line) as { otherCpuSeconds: number })
    this.#complete.catch(() => {})
  }

  /** `first`: the storage of client-node, the modules of webtorrent-node. */
  static async start(
    program: 'client-node' | 'webtorrent-node',
    first: string,
    torrentPath: string,
    folder: string,
  ): Promise<NodePeer> {
    const script = join(repositoryRoot, `bench/dist/${program}.js`)
    const node = new ChildProgram(process.execPath, [script, first, torrentPath, folder])
    // Who has everything may say so before anything else.
    const complete = node.nextLine(completeLimitMs, (line) => line.includes('complete'))
    complete.catch(() => {})
    try {
      const said = await node.nextLine(startLimitMs, (line) => line.includes('address'))
      return new NodePeer(program, node, folder, JSON.parse(said) as Start, complete)
    } catch (error) {
      await node.close()
      throw error
    }
  }

  /** CPU of servers that it started, from its start until it was complete. */
  async otherCpuSeconds(): Promise<number> {
    return (await this.#complete).otherCpuSeconds - this.#cpuBefore
  }

  async whenComplete(): Promise<string> {
    await this.#complete
    return join(this.#folder, 'content')
  }

  /** How long the first byte from this place of the file takes. */
  async seek(offset: number): Promise<number> {
    const answer = this.#node.nextLine(startLimitMs, (line) => line.includes('"ms"'))
    this.#node.writeLine(String(offset))
    return (JSON.parse(await answer) as { ms: number }).ms
  }

  async close(): Promise<void> {
    this.#node.writeLine('end')
    await this.#node.whenExited(startLimitMs).catch(() => {})
    await this.#node.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
