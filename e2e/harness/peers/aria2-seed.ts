import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { accepts, freePort } from '../free-port.js'
import type { TorrentFile } from '../torrent-maker.js'
import type { Seed } from './seed.js'

/** aria2 seeding one torrent from the folder its content lies in. */
export class Aria2Seed implements Seed {
  readonly program = 'aria2'
  readonly address: string
  readonly #aria2: ChildProgram

  private constructor(aria2: ChildProgram, address: string) {
    this.#aria2 = aria2
    this.address = address
  }

  static async start(torrent: TorrentFile): Promise<Aria2Seed> {
    const port = await freePort()
    const aria2 = new ChildProgram('aria2c', [
      '--no-conf',
      '--check-integrity=true',
      '--bt-hash-check-seed=true',
      '--seed-ratio=0.0',
      `--listen-port=${port}`,
      '--interface=127.0.0.1',
      '--enable-dht=false',
      '--enable-dht6=false',
      '--bt-enable-lpd=false',
      '--enable-peer-exchange=false',
      '--file-allocation=none',
      '--summary-interval=0',
      `--dir=${torrent.content.folder}`,
      torrent.path,
    ])
    await poll(30_000, 'aria2 listening', async () => ((await accepts(port)) ? true : undefined))
    return new Aria2Seed(aria2, `127.0.0.1:${port}`)
  }

  /** aria2 says goodbye to its trackers for seconds on the first signal; there are none. */
  async close(): Promise<void> {
    this.#aria2.signal('SIGKILL')
    await this.#aria2.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
