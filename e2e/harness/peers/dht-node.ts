import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestTorrent } from '@bae/native/testing'
import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { nextHost } from '../swarm-client.js'
import { makeTemporaryFolder, removeFolder } from '../temporary-folder.js'
import { pythonScript, systemPython } from '../torrent-maker.js'

/** libtorrent's python module as a node of a DHT on the loopback network, which seeds torrents where it is given some. */
export class DhtNode implements AsyncDisposable {
  /** HOST:PORT, of its DHT and for peers. */
  readonly address: string
  readonly #python: ChildProgram
  readonly #folder: string

  private constructor(python: ChildProgram, folder: string, address: string) {
    this.#python = python
    this.#folder = folder
    this.address = address
  }

  static async start(
    options: { readonly bootstrapNode?: DhtNode; readonly torrents?: readonly TestTorrent[] } = {},
  ): Promise<DhtNode> {
    const { bootstrapNode, torrents = [] } = options
    const folder = await makeTemporaryFolder()
    const host = nextHost()
    const pairs: string[] = []
    for (const torrent of torrents) pairs.push(await writeTorrent(torrent, folder), folder)
    const args = [pythonScript('dht_node.py'), host, bootstrapNode?.address ?? '', ...pairs]
    const python = new ChildProgram(systemPython, args)
    const { port } = JSON.parse(await python.nextLine(60_000)) as { port: number }
    return new DhtNode(python, folder, `${host}:${port}`)
  }

  /** Others have told it of this many peers. */
  async whenPeersStored(peers: number): Promise<void> {
    await poll(60_000, `${peers} peers stored in the DHT`, async () =>
      (await this.#counts()).peers >= peers ? true : undefined,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#python.close()
    await removeFolder(this.#folder)
  }

  async #counts(): Promise<{ readonly peers: number }> {
    const answer = this.#python.nextLine(60_000)
    this.#python.writeLine('counts')
    return JSON.parse(await answer) as { peers: number }
  }
}

/** Its content where the python module looks for it, and the path of its .torrent. */
async function writeTorrent(torrent: TestTorrent, folder: string): Promise<string> {
  const path = join(folder, `${torrent.name}.torrent`)
  await writeFile(path, torrent.torrentFile)
  await mkdir(join(folder, torrent.name))
  for (const { name, offsetBytes, lengthBytes } of torrent.files ?? []) {
    const bytes = torrent.bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
    await writeFile(join(folder, torrent.name, name), bytes)
  }
  return path
}
