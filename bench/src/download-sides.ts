import { BaeLibrary } from 'bae-e2e/harness/bae-library.js'
import { baePath, importTorrent } from 'bae-e2e/harness/bae-process.js'
import { stopLeftoverServers } from 'bae-e2e/harness/leftover-server.js'
import { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { kibibyte } from 'bae-e2e/harness/sizes.js'
import { makeTemporaryFolder } from 'bae-e2e/harness/temporary-folder.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import type { Workshop } from 'bae-e2e/harness/workshop.js'
import { makeBenchTorrent, type TorrentShape } from './bench-torrent.js'
import { nativeLeecher, pythonLeecher } from './leecher-commands.js'
import { type CountingSeed, type Measurement, measureDownload } from './measured-run.js'
import { flushPageCache, readIntoPageCache } from './page-cache.js'
import { putAside } from './put-aside.js'

/** Some seeds of one torrent, and who can fetch it from them. */
export class DownloadSides implements CountingSeed, AsyncDisposable {
  readonly #workshop: Workshop
  readonly #seeds: readonly LibtorrentSeed[]
  readonly #torrent: TorrentFile
  /** Its import makes a library with all that belongs to it. */
  readonly #first: TorrentFile

  private constructor(
    workshop: Workshop,
    seeds: readonly LibtorrentSeed[],
    torrent: TorrentFile,
    first: TorrentFile,
  ) {
    this.#workshop = workshop
    this.#seeds = seeds
    this.#torrent = torrent
    this.#first = first
  }

  static async open(workshop: Workshop, shape: TorrentShape, peers: number): Promise<DownloadSides> {
    const torrent = await makeBenchTorrent(workshop, shape)
    const first = await workshop.fileTorrent(64 * kibibyte, 16 * kibibyte)
    const seeds: LibtorrentSeed[] = []
    const sides = new DownloadSides(workshop, seeds, torrent, first)
    try {
      // libtorrent keeps one connection per address.
      for (let number = 1; number <= peers; number += 1) {
        seeds.push(await LibtorrentSeed.start([torrent, first], { host: `127.0.0.${number}` }))
      }
      readIntoPageCache(torrent.content.path)
      return sides
    } catch (error) {
      await sides[Symbol.asyncDispose]()
      throw error
    }
  }

  async count(): Promise<{ readonly uploadedBytes: number }> {
    const counts = await Promise.all(this.#seeds.map((seed) => seed.count()))
    return { uploadedBytes: counts.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0) }
  }

  /** `bae import` into a library that has one torrent already. */
  async bae(environment: NodeJS.ProcessEnv = {}): Promise<Measurement> {
    return await this.#inLibrary(await BaeLibrary.create(environment), async (library) => {
      await importTorrent(library, this.#first.path, this.#seeds)
      return await this.#import(library)
    })
  }

  /** `bae import` that makes its library first. */
  async baeWithLibrary(): Promise<Measurement> {
    return await this.#inLibrary(await BaeLibrary.create(), (library) => this.#import(library))
  }

  native(kind: 'mmap' | 'posix'): Promise<Measurement> {
    return this.#fetch((job) => nativeLeecher(kind, job))
  }

  python(): Promise<Measurement> {
    return this.#fetch(pythonLeecher)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#seeds.map((seed) => seed.close()))
  }

  get #addresses(): readonly string[] {
    return this.#seeds.map(({ address }) => address)
  }

  #measure(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Measurement> {
    flushPageCache()
    return measureDownload(this, this.#torrent.content.totalBytes, command, env)
  }

  async #inLibrary(
    library: BaeLibrary,
    measure: (library: BaeLibrary) => Promise<Measurement>,
  ): Promise<Measurement> {
    try {
      return await measure(library)
    } finally {
      await stopLeftoverServers(library.root)
      await putAside(library.root, this.#workshop)
    }
  }

  #import(library: BaeLibrary): Promise<Measurement> {
    const peers = this.#addresses.flatMap((address) => ['--peer', address])
    const command = [process.execPath, baePath, 'import', this.#torrent.path, ...peers, '--json']
    return this.#measure(command, library.env)
  }

  async #fetch(commandOf: typeof pythonLeecher): Promise<Measurement> {
    const folder = await makeTemporaryFolder()
    try {
      const job = { torrentPath: this.#torrent.path, folder, addresses: this.#addresses }
      return await this.#measure(commandOf(job))
    } finally {
      await putAside(folder, this.#workshop)
    }
  }
}
