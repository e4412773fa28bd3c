// What the examples share: a network of one machine, and somebody on it who has an album.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TorrentClient } from '@bae/client'

export const network = {
  listenInterfaces: '127.0.0.1:0',
  enableDht: false,
  enableLsd: false,
  enableUpnp: false,
  enableNatPmp: false,
  statusIntervalMs: 50,
}

export const song = new TextEncoder().encode('Bytes that know what they are. \n'.repeat(100_000))
export const notes = new TextEncoder().encode('Recorded on this machine. \n'.repeat(1_000))

/** A folder for an example, which deletes it. */
export async function createFolder() {
  const path = await mkdtemp(join(tmpdir(), 'bae-example-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** Writes the folder `album` below this one. */
export async function writeAlbum(folder: string): Promise<string> {
  const album = join(folder, 'album')
  await mkdir(album)
  await writeFile(join(album, 'song.txt'), song)
  await writeFile(join(album, 'notes.md'), notes)
  return album
}

/** A client that seeds the album. */
export async function seedAlbum(limits: { readonly uploadBytesPerSecond?: number } = {}) {
  const folder = await createFolder()
  const client = new TorrentClient({}, network)
  await client.start()
  const torrent = await client.seed(await writeAlbum(folder.path), { pieceLengthBytes: 64 * 1024, limits })
  return {
    torrentFile: torrent.torrentFile ?? new Uint8Array(),
    magnetUri: torrent.magnetUri,
    peers: [{ host: '127.0.0.1', port: torrent.listenPort }],
    async [Symbol.asyncDispose]() {
      await client.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}
