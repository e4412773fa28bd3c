import type { AbortOptions, NotRebuilt, RebuiltTorrent } from '@bae/storage'
import type { ImportDatabase, ImportRecord } from './database/import-database.js'
import { isBaeError } from './errors.js'
import { isComplete } from './import-snapshot.js'
import type { LibraryLike } from './library-like.js'
import { safeName } from './safe-path.js'
import { onlyWholeFiles } from './stored-share.js'

export interface RebuildImportsOptions extends AbortOptions {
  /** Reads every chunk and compares it with its key, instead of only looking whether it is there. */
  readonly verify?: boolean
  /** Adds what is missing to a library that has records. */
  readonly addToRecords?: boolean
  readonly onProgress?: (progress: { readonly torrents: number }) => void
}

/** An import that is in the library again, as plain JSON. */
export interface RebuiltImport {
  readonly id: string
  readonly infoHash: string | null
  readonly name: string
  readonly pieces: number
  readonly totalPieces: number
  /** Chunks that it had and that are gone or damaged. */
  readonly missingChunks: number
}

export interface RebuildReport {
  readonly imports: readonly RebuiltImport[]
  /** What could not be brought back, and why. */
  readonly skipped: readonly { readonly id: string; readonly code: string; readonly message: string }[]
}

/** Makes the records of a library anew from its store, those of imports too. Times and sources of imports are lost. */
export async function rebuildImports(
  { imports, library }: { readonly imports: ImportDatabase; readonly library: LibraryLike },
  { onProgress, ...options }: RebuildImportsOptions,
): Promise<RebuildReport> {
  const rebuilt: RebuiltImport[] = []
  const skipped: RebuildReport['skipped'][number][] = []
  const skip = (id: string, error: Error & { readonly code?: unknown }): void =>
    void skipped.push({ id, code: String(error.code ?? 'INTERNAL'), message: error.message })
  for await (const step of library.rebuild(options)) {
    if (isRebuilt(step)) {
      const failure = await saveImport({ imports, library }, step)
      if (failure === undefined) rebuilt.push(describe(step))
      else skip(step.record.id, failure)
    } else skip(step.id, step.error)
    onProgress?.({ torrents: rebuilt.length + skipped.length })
  }
  return { imports: rebuilt, skipped }
}

function isRebuilt(step: RebuiltTorrent | NotRebuilt): step is RebuiltTorrent {
  return 'record' in step
}

/** Returns why it cannot be, where another import stands for the torrent. */
async function saveImport(
  { imports, library }: { readonly imports: ImportDatabase; readonly library: LibraryLike },
  { record, completePieces, pieceCount, missingChunks }: RebuiltTorrent,
): Promise<Error | undefined> {
  const { infoHashV1, infoHashV2, name } = record.layout
  const known = await imports.findImport(record.id)
  const part = completePieces < pieceCount ? await library.findTorrent(record.id) : undefined
  // A choice that is lost is what was there of it; with chunks gone nobody can say.
  const found = known === undefined && missingChunks === 0 ? part && onlyWholeFiles(part) : undefined
  const selectedFiles = known?.selectedFiles ?? found
  const isWhole = part && selectedFiles ? isComplete(part, selectedFiles) : completePieces === pieceCount
  if (known !== undefined && (known.state === 'completed') === isWhole) return undefined
  const made: ImportRecord = {
    addedAtMs: record.addedAtMs,
    ...known,
    id: record.id,
    name,
    ...(selectedFiles && { selectedFiles }),
    state: isWhole ? 'completed' : 'downloading',
    ...(infoHashV1 === undefined ? {} : { infoHashV1 }),
    ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
  }
  try {
    await imports.saveImport(made)
    return undefined
  } catch (error) {
    if (isBaeError(error, 'IMPORT_DUPLICATE')) return error
    throw error
  }
}

function describe({ record, completePieces, pieceCount, missingChunks }: RebuiltTorrent): RebuiltImport {
  const { infoHashV1, infoHashV2, name } = record.layout
  return {
    id: record.id,
    infoHash: infoHashV1 ?? infoHashV2 ?? null,
    name: safeName(name),
    pieces: completePieces,
    totalPieces: pieceCount,
    missingChunks,
  }
}
