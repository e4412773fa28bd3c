import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTorrentFile } from '@bae/native'
import { type Payload, writePseudoRandomFile } from 'bae-e2e/harness/payload.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import type { Workshop } from 'bae-e2e/harness/workshop.js'
import { oddFiles } from './storage-plan.js'

export interface TorrentShape {
  readonly totalBytes: number
  readonly pieceLengthBytes: number
  readonly format: 'v1' | 'hybrid'
  /** One unless set; several have odd lengths, about as long as each other. */
  readonly files?: number
}

/** The same content for every shape of the same size and number of files; each is made when first asked for. */
export async function makeBenchTorrent(workshop: Workshop, shape: TorrentShape): Promise<TorrentFile> {
  const { totalBytes, pieceLengthBytes, format, files = 1 } = shape
  const content =
    files === 1 ? await workshop.file(totalBytes) : await makeOddFiles(workshop, totalBytes, files)
  const path = join(await workshop.folder, `${totalBytes} ${files} ${pieceLengthBytes} ${format}.torrent`)
  if (!existsSync(path))
    await writeFile(path, await createTorrentFile(content.path, { format, pieceLengthBytes }))
  return { path, content, pieceLengthBytes }
}

async function makeOddFiles(workshop: Workshop, totalBytes: number, files: number): Promise<Payload> {
  const name = `${files} files of ${totalBytes}`
  const folder = join(await workshop.folder, 'content')
  const payload = { folder, name, path: join(folder, name), totalBytes }
  if (existsSync(payload.path)) return payload
  for (const { path, lengthBytes } of oddFiles({ totalBytes, files })) {
    const below = path.join('/')
    await writePseudoRandomFile(join(payload.path, below), lengthBytes, `${below} of ${files}`)
  }
  return payload
}
