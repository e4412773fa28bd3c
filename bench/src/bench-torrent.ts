import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTorrentFile } from '@bae/native'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import type { Workshop } from 'bae-e2e/harness/workshop.js'

export interface TorrentShape {
  readonly totalBytes: number
  readonly pieceLengthBytes: number
  readonly format: 'v1' | 'hybrid'
}

/** A torrent of one file. The same file for every shape of the same size. */
export async function makeBenchTorrent(workshop: Workshop, shape: TorrentShape): Promise<TorrentFile> {
  const { totalBytes, pieceLengthBytes, format } = shape
  const content = await workshop.file(totalBytes)
  const torrent = await createTorrentFile(content.path, { format, pieceLengthBytes })
  const path = join(await workshop.folder, `${totalBytes} ${pieceLengthBytes} ${format}.torrent`)
  await writeFile(path, torrent)
  return { path, content, pieceLengthBytes }
}
