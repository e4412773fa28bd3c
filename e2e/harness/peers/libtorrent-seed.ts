import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { pythonScript, systemPython, type TorrentFile } from '../torrent-maker.js'
import type { Seed } from './seed.js'

export interface SeedCount {
  /** Payload bytes handed out since the start, over all connections. */
  readonly uploadedBytes: number
  readonly peers: number
}

/** libtorrent's python module as a seed that counts what it gives away. */
export class LibtorrentSeed implements Seed {
  readonly program = 'python3-libtorrent'
  readonly address: string
  readonly #python: ChildProgram

  private constructor(python: ChildProgram, address: string) {
    this.#python = python
    this.address = address
  }

  /**
   * `rateBytesPerSecond` slows it down, so that a test can do something while bytes flow. `host` is another address of the
   * loopback network, for libtorrent keeps one connection per address.
   */
  static async start(
    torrents: readonly TorrentFile[],
    options: { rateBytesPerSecond?: number; host?: string } = {},
  ): Promise<LibtorrentSeed> {
    const pairs = torrents.flatMap((torrent) => [torrent.path, torrent.content.folder])
    const { host = '127.0.0.1', rateBytesPerSecond = 0 } = options
    const python = new ChildProgram(systemPython, [
      pythonScript('seed.py'),
      host,
      String(rateBytesPerSecond),
      ...pairs,
    ])
    const { port } = JSON.parse(await python.nextLine(60_000)) as { port: number }
    return new LibtorrentSeed(python, `${host}:${port}`)
  }

  async count(): Promise<SeedCount> {
    return this.#ask('count')
  }

  /** When those whom it gave something are gone: what a connection gave is counted once a second, and when it ends. */
  async countWhenAlone(): Promise<SeedCount> {
    return await poll(60_000, 'a seed without peers', async () => {
      const count = await this.count()
      return count.peers === 0 ? count : undefined
    })
  }

  /** Pieces of which it gave something since the last call, by v1 info hash. The first call begins to count. */
  async givenPieces(): Promise<Readonly<Record<string, readonly number[]>>> {
    return await this.#ask('pieces')
  }

  /** 0 is no limit. */
  async setRate(bytesPerSecond: number): Promise<void> {
    await this.#ask(`rate ${bytesPerSecond}`)
  }

  async close(): Promise<void> {
    await this.#python.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #ask<T>(question: string): Promise<T> {
    const answer = this.#python.nextLine(60_000)
    this.#python.writeLine(question)
    return JSON.parse(await answer) as T
  }
}
