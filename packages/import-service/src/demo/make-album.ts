import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { composeTune, type Tune } from './compose-tune.js'
import { drawCover } from './cover-picture.js'
import { encodeWaveFile } from './wave-file.js'

const albumName = 'Pieces and Chunks'

export interface Album {
  /** The album's folder. */
  readonly directory: string
  /** `/`-joined below the folder. */
  readonly files: readonly string[]
  readonly bytes: number
}

const tracks: readonly { readonly path: string; readonly tune: Tune }[] = [
  {
    path: 'Disc 1/01 First Byte.wav',
    tune: { seed: 11, beatsPerMinute: 96, key: 60, scale: 'major', chords: [0, 5, 3, 4], lengthSeconds: 31 },
  },
  {
    path: 'Disc 1/02 Handshake.wav',
    tune: { seed: 23, beatsPerMinute: 120, key: 57, scale: 'minor', chords: [0, 3, 5, 4], lengthSeconds: 28 },
  },
  {
    path: 'Disc 1/03 Unchoked.wav',
    tune: { seed: 37, beatsPerMinute: 132, key: 62, scale: 'major', chords: [0, 3, 0, 4], lengthSeconds: 29 },
  },
  {
    path: 'Disc 2/01 Café Loopback.wav',
    tune: { seed: 41, beatsPerMinute: 84, key: 55, scale: 'major', chords: [0, 2, 3, 4], lengthSeconds: 34 },
  },
  {
    path: 'Disc 2/02 Sixteen Kibibytes.wav',
    tune: { seed: 59, beatsPerMinute: 144, key: 64, scale: 'minor', chords: [0, 5, 2, 6], lengthSeconds: 25 },
  },
  {
    path: 'Disc 2/03 Last Piece.wav',
    tune: { seed: 67, beatsPerMinute: 72, key: 58, scale: 'minor', chords: [0, 5, 3, 0], lengthSeconds: 32 },
  },
]

/** Writes an album of synthesised music, about 30 MiB, below `parent`. The same every time. */
export async function makeAlbum(parent: string, signal: AbortSignal): Promise<Album> {
  const directory = join(parent, albumName)
  const files: string[] = []
  let bytes = 0
  const write = async (path: string, content: Uint8Array): Promise<void> => {
    signal.throwIfAborted()
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
    files.push(path)
    bytes += content.byteLength
  }
  for (const { path, tune } of tracks) await write(path, encodeWaveFile(composeTune(tune)))
  await write('Cover.png', drawCover(600))
  await write('Notes.txt', new TextEncoder().encode(notes()))
  return { directory, files: files.sort(), bytes }
}

function notes(): string {
  const lines = tracks.map(
    ({ path, tune }) => `${path}: ${tune.beatsPerMinute} beats a minute, ${tune.scale}`,
  )
  return `${albumName}\n\nComputed by 'bae demo': no musician was recorded.\n\n${lines.join('\n')}\n`
}
