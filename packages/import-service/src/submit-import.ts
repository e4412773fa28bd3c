import type { PeerAddress } from '@bae/client'
import type { ImportDatabase, ImportRecord } from './database/import-database.js'
import { isBaeError } from './errors.js'
import type { FileChoice } from './file-choice.js'
import { findRecord, newRecord } from './import-records.js'
import { sizeOf } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import { changedRecord } from './kept-record.js'

export interface SubmitOptions {
  /** Dialled over TCP whenever the import starts. */
  readonly peers?: readonly PeerAddress[]
  /** Globs on paths as in ImportSnapshot.files: only these files. */
  readonly select?: readonly string[]
  /** Waits for `select` once it is known which files there are. */
  readonly choose?: boolean
  /** Gives to others when everything is there. */
  readonly seed?: boolean
  /** Nothing begins before `resume`. */
  readonly paused?: boolean
}

export interface SubmitDeps {
  readonly imports: ImportDatabase
  readonly now: () => number
}

export interface Submitted {
  readonly record: ImportRecord
  /** It was there before. */
  readonly isKnown: boolean
}

/** Makes the record of an import that waits for its turn, or finds the one of the same info hash. */
export async function submitImport(
  { imports, now }: SubmitDeps,
  source: ImportSource,
  choice: FileChoice,
  options: SubmitOptions,
): Promise<Submitted> {
  const known = await findRecord(imports, source)
  if (known !== undefined) return { record: known, isKnown: true }
  const record = describeNew(source, choice, options, now())
  try {
    const event = { atMs: record.addedAtMs, from: null, reason: { code: 'added' } }
    await imports.saveImport(record, { event })
  } catch (error) {
    // Somebody was faster.
    const theirs = isBaeError(error, 'IMPORT_DUPLICATE') ? await findRecord(imports, source) : undefined
    if (theirs === undefined) throw error
    return { record: theirs, isKnown: true }
  }
  const { select: globs = [] } = options
  // Of a torrent that is not known yet nobody can say which files are meant: whoever hears what it holds does.
  if (globs.length > 0 && source.layout === undefined)
    await imports.wish(record.id, { kind: 'select', globs })
  return { record, isKnown: false }
}

function describeNew(
  source: ImportSource,
  choice: FileChoice,
  { peers = [], select = [], choose, seed, paused }: SubmitOptions,
  nowMs: number,
): ImportRecord {
  const record = newRecord(source, nowMs)
  const waits = choose === true && select.length === 0
  const selectedFiles = source.layout && choice.resolve(source.layout)
  const state = record.torrentFile === undefined ? 'fetchingMetadata' : waits ? 'choosingFiles' : 'queued'
  return changedRecord(record, {
    state: paused ? 'paused' : state,
    pause: paused ? 'user' : undefined,
    peers: peers.length > 0 ? peers : undefined,
    goal: seed ? 'seed' : undefined,
    choose: waits ? true : undefined,
    selectedFiles,
    size: source.layout && sizeOf(source.layout, selectedFiles),
  })
}
