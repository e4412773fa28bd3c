import type { AbortOptions, ByteRange, FileLayout, TorrentId } from '@bae/storage'
import { isBaeError } from './errors.js'
import type { Import } from './import-job.js'
import type { LibraryLike } from './library-like.js'
import type { ScheduledJob } from './scheduled-job.js'
import type { TorrentLike } from './torrent-client-like.js'

export interface ReadFileOptions extends AbortOptions {
  /** Of the file; all of it when left out. */
  readonly range?: ByteRange
}

/** An import that this process has in its client. */
export interface RunningImport {
  readonly torrent: TorrentLike
  /** When it has ended all that came is recorded. */
  readonly job: Pick<ScheduledJob, 'whenEnded'> | Pick<Import, 'whenCompleted'>
}

/** What reading says when the import has ended meanwhile. */
const over = ['CLIENT_TORRENT_REMOVED', 'STORAGE_CLOSED'] as const

/**
 * The bytes of a file as they come, those ahead of the reader first. An import that ends in the middle, complete as a rule, has
 * the rest in the library.
 */
export async function* readWhileFetched(
  { library, id }: { readonly library: LibraryLike; readonly id: TorrentId },
  { torrent, job }: RunningImport,
  file: FileLayout,
  { signal, range = { offset: 0, length: file.lengthBytes } }: ReadFileOptions,
): AsyncGenerator<Uint8Array> {
  const stop = signal === undefined ? {} : { signal }
  let { offset, length } = range
  const fetched = torrent.files.find(({ index }) => index === file.index)
  try {
    for await (const bytes of fetched?.stream({ range, ...stop }) ?? []) {
      offset += bytes.length
      length -= bytes.length
      yield bytes
    }
  } catch (error) {
    if (!over.some((code) => isBaeError(error, code))) throw error
    await Promise.allSettled(['whenEnded' in job ? job.whenEnded() : job.whenCompleted()])
  }
  if (length > 0) yield* library.readFile(id, file.index, { range: { offset, length }, ...stop })
}
