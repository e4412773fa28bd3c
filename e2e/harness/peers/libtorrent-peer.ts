import { join } from 'node:path'
import { ChildProgram } from '../child-program.js'
import { pythonScript, systemPython, type TorrentFile } from '../torrent-maker.js'
import type { Leecher, LeecherOptions } from './leecher.js'
import { PeerFolder } from './peer-folder.js'

/** libtorrent's python module with one torrent. */
export class LibtorrentPeer implements Leecher {
  readonly program = 'python3-libtorrent'
  readonly address: string
  readonly #python: ChildProgram
  readonly #folder: PeerFolder
  readonly #path: string

  private constructor(python: ChildProgram, folder: PeerFolder, torrent: TorrentFile, port: number) {
    this.address = `127.0.0.1:${port}`
    this.#python = python
    this.#folder = folder
    this.#path = join(folder.content, torrent.content.name)
  }

  static async start(torrent: TorrentFile, options: LeecherOptions = {}): Promise<LibtorrentPeer> {
    const folder = await PeerFolder.make(options.folder)
    const from = options.from?.split(':') ?? []
    const args = [torrent.path, folder.content, options.encryption ?? 'both', ...from]
    const python = new ChildProgram(systemPython, [pythonScript('peer.py'), ...args])
    try {
      const { port } = JSON.parse(await python.nextLine(60_000)) as { port: number }
      return new LibtorrentPeer(python, folder, torrent, port)
    } catch (error) {
      await python.close()
      await folder.remove()
      throw error
    }
  }

  whenComplete(limitMs: number): Promise<string> {
    return this.#when('everything', limitMs)
  }

  /** The path of the content, once so many pieces are there. */
  whenPieces(pieces: number, limitMs: number): Promise<string> {
    return this.#when(String(pieces), limitMs)
  }

  async #when(what: string, limitMs: number): Promise<string> {
    const answer = this.#python.nextLine(limitMs)
    this.#python.writeLine(what)
    await answer
    return this.#path
  }

  async close(): Promise<void> {
    await this.#python.close()
    await this.#folder.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
