import type { TorrentFile } from '../torrent-maker.js'
import type { Seed } from './seed.js'

/** A client of someone else on 127.0.0.1 that fetches one torrent, and gives it away from then on. */
export interface Leecher extends Seed {
  /** The path of the content, once the program itself says that all of it is there. */
  whenComplete(limitMs: number): Promise<string>
}

export interface LeecherOptions {
  /** Where the content goes, or lies already; a folder of its own when left out. */
  readonly folder?: string
  /** HOST:PORT that it dials, of those programs that can be told. The others are dialled. */
  readonly from?: string
  /** Both kinds when left out. */
  readonly encryption?: 'disabled' | 'forced'
}

/** Resolves once the program listens and has the torrent. */
export type StartLeecher = (torrent: TorrentFile, options?: LeecherOptions) => Promise<Leecher>

/** The program with the content that is there already, once it has found all of it. */
export async function startSeed(start: StartLeecher, torrent: TorrentFile): Promise<Leecher> {
  const seed = await start(torrent, { folder: torrent.content.folder })
  try {
    await seed.whenComplete(60_000)
    return seed
  } catch (error) {
    await seed.close()
    throw error
  }
}
