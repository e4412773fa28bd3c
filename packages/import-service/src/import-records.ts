import type { TorrentLayout } from '@bae/storage'
import { claimImport, hashesOf } from './claim-torrent.js'
import type { Claim, ImportDatabase, ImportRecord } from './database/import-database.js'
import type { ImportState } from './database/import-state.js'
import { isBaeError } from './errors.js'
import { type FileChoice, joinSelections } from './file-choice.js'
import { describeImport, type ImportSnapshot, isComplete } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import { changedRecord } from './kept-record.js'
import type { LibraryLike, LibraryTorrent } from './library-like.js'
import { isStored } from './stored-share.js'
import { createTorrentId } from './torrent-id.js'

export interface ImportRecordDeps {
  readonly imports: ImportDatabase
  readonly library: LibraryLike
  readonly now: () => number
}

/** The import of this source, where all that is asked for was imported before and is there. */
export async function findCompleted(
  { imports, library }: ImportRecordDeps,
  source: ImportSource,
  choice: FileChoice,
): Promise<ImportSnapshot | undefined> {
  const record = await findRecord(imports, source)
  if (record?.state !== 'completed' && record?.state !== 'seeding') return undefined
  const torrent = await library.findTorrent(record.id)
  if (torrent === undefined) return undefined
  const { selectedFiles } = record
  const isSelected = isWithin(choice.resolve(torrent.layout), selectedFiles)
  return isSelected && isComplete(torrent, selectedFiles) ? describeImport(record, torrent) : undefined
}

/** Takes the import of this source for this process; makes it where there is none. Rejects IMPORT_BUSY. */
export async function claimSource({ imports, now }: ImportRecordDeps, source: ImportSource): Promise<Claim> {
  const known = await findRecord(imports, source)
  if (known !== undefined) return await claimImport(imports, known)
  const made = newRecord(source, now())
  try {
    await imports.saveImport(made)
    return await claimImport(imports, made)
  } catch (error) {
    // Somebody was faster.
    const theirs = isBaeError(error, 'IMPORT_DUPLICATE') ? await findRecord(imports, source) : undefined
    if (theirs === undefined) throw error
    return await claimImport(imports, theirs)
  }
}

export interface RecordToBegin {
  readonly record: ImportRecord
  /** Where it is known already, and so which files are selected. */
  readonly layout: TorrentLayout | undefined
  /** What the import was before. */
  readonly from: ImportState | null
}

/** The record to begin with, and the layout where it is known already and so which files are selected. */
export async function recordFor(
  { imports, library, now }: ImportRecordDeps,
  source: ImportSource,
  choice: FileChoice,
): Promise<RecordToBegin> {
  const found = await findRecord(imports, source)
  const known = found && ((await imports.findImport(found.id)) ?? found)
  const torrent = known && (await library.findTorrent(known.id))
  const layout = torrent?.layout ?? source.layout
  const asked = layout && choice.resolve(layout)
  const selected = torrent ? joinSelections(torrent.layout, asked, completeFiles(torrent, known)) : asked
  const record = changedRecord(known ?? newRecord(source, now()), {
    ...{ error: undefined, pause: undefined, retry: undefined, choose: undefined },
    state: 'downloading',
    selectedFiles: selected,
  })
  return { record, layout, from: known?.state ?? null }
}

export async function findRecord(
  imports: ImportDatabase,
  source: ImportSource,
): Promise<ImportRecord | undefined> {
  for (const hash of hashesOf(source)) {
    const record = await imports.findImportByInfoHash(hash)
    if (record !== undefined) return record
  }
  return undefined
}

export function newRecord(
  { torrent, infoHashV1, infoHashV2, name }: ImportSource,
  nowMs: number,
): ImportRecord {
  return {
    id: createTorrentId(nowMs),
    state: 'downloading',
    addedAtMs: nowMs,
    ...(infoHashV1 === undefined ? {} : { infoHashV1 }),
    ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
    ...(name === undefined ? {} : { name }),
    ...torrent,
  }
}

/** The files that were wanted before and are there. Empty ones are only where they were asked for. */
export function completeFiles(torrent: LibraryTorrent, record: ImportRecord | undefined): readonly number[] {
  const { files } = torrent.layout
  const before = record?.selectedFiles?.flatMap((index) => files[index] ?? [])
  const wanted = before ?? files.filter(({ lengthBytes }) => lengthBytes > 0)
  return wanted.filter((file) => isStored(torrent, file)).map(({ index }) => index)
}

/** `undefined` is everything. */
function isWithin(inner: readonly number[] | undefined, outer: readonly number[] | undefined): boolean {
  if (outer === undefined) return true
  const all = new Set(outer)
  return inner?.every((index) => all.has(index)) ?? false
}
