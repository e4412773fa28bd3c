import type { TorrentLayout } from '@bae/storage'
import type { ImportDatabase, ImportRecord, ImportWish } from './database/import-database.js'
import { FileChoice, joinSelections, type SelectFiles } from './file-choice.js'
import type { ImportCause } from './import-machine.js'
import { completeFiles } from './import-records.js'
import { describeImport, isComplete, sizeOf } from './import-snapshot.js'
import type { KeptRecord } from './kept-record.js'
import type { LibraryLike } from './library-like.js'
import { incomplete } from './not-there.js'

export interface AnswerDeps {
  readonly imports: ImportDatabase
  readonly library: LibraryLike
  readonly selectFiles: SelectFiles
  readonly parseTorrentFile: (bytes: Uint8Array) => Promise<TorrentLayout>
}

/**
 * Does what was asked of an import that this process has and that does not run. What it is already stays as it is. Rejects
 * IMPORT_INCOMPLETE for the check of what nothing is known of, and IMPORT_FILE_NOT_FOUND. `isLeft`: the wish was left with
 * the record, and is to be taken from there.
 */
export async function answerWish(
  deps: AnswerDeps,
  kept: KeptRecord,
  wish: ImportWish,
  { isLeft = false }: { readonly isLeft?: boolean } = {},
): Promise<void> {
  const answered = isLeft ? { answered: wish } : {}
  switch (wish.kind) {
    case 'pause':
      return await pause(kept, answered)
    case 'resume':
      return await resume(kept, answered)
    case 'recheck':
      return await recheck(deps, kept, answered)
    case 'cancel':
      return await (wish.deleteData ? remove(deps, kept) : cancel(kept, answered))
    case 'seed':
      return await seed(kept, wish.on, answered)
    case 'select':
      return await select(deps, kept, wish, answered)
  }
}

interface Answered {
  readonly answered?: ImportWish
}

async function pause(kept: KeptRecord, answered: Answered): Promise<void> {
  const { state, pause: reason } = kept.current
  const isOver = state === 'completed' || state === 'cancelled'
  if (isOver || reason === 'user') return await kept.note({}, answered)
  await kept.change('paused', { pause: 'user', retry: undefined }, answered)
}

async function resume(kept: KeptRecord, answered: Answered): Promise<void> {
  const { state } = kept.current
  if (state !== 'paused' && state !== 'failed' && state !== 'cancelled') return await kept.note({}, answered)
  await kept.change(waiting(kept.current), { retry: undefined }, answered)
}

async function recheck({ library }: AnswerDeps, kept: KeptRecord, answered: Answered): Promise<void> {
  if ((await library.findTorrent(kept.current.id)) === undefined) {
    throw incomplete(describeImport(kept.current, undefined))
  }
  if (kept.current.state === 'verifying') return await kept.note({}, answered)
  await kept.change('checked', { retry: undefined }, answered)
}

async function cancel(kept: KeptRecord, answered: Answered): Promise<void> {
  if (kept.current.state === 'cancelled') return await kept.note({}, answered)
  await kept.change('cancelled', { retry: undefined }, answered)
}

async function remove({ library }: AnswerDeps, kept: KeptRecord): Promise<void> {
  await library.removeTorrent(kept.current.id)
  await kept.remove('its user removed it')
}

async function seed(kept: KeptRecord, on: boolean, answered: Answered): Promise<void> {
  const goal = on ? 'seed' : 'complete'
  const { state } = kept.current
  if (on && state === 'completed') return await kept.change('seeded', { goal }, answered)
  if (!on && state === 'seeding') return await kept.change('unseeded', { goal, retry: undefined }, answered)
  await kept.note({ goal }, answered)
}

async function select(
  { imports, library, selectFiles, parseTorrentFile }: AnswerDeps,
  kept: KeptRecord,
  wish: ImportWish & { kind: 'select' },
  answered: Answered,
): Promise<void> {
  const { id, state, torrentFile } = kept.current
  const choice = new FileChoice(selectFiles, { globs: wish.globs })
  const torrent = await library.findTorrent(id)
  const layout = torrent?.layout ?? (torrentFile && (await parseTorrentFile(torrentFile)))
  if (layout === undefined) {
    // Answered by the job that hears of the metadata.
    if (answered.answered === undefined) await imports.wish(id, wish)
    return await kept.note({ choose: undefined })
  }
  const asked = choice.resolve(layout)
  const before = wish.keep && torrent ? completeFiles(torrent, kept.current) : []
  const selectedFiles = joinSelections(layout, asked, before)
  const chosen = { selectedFiles, size: sizeOf(layout, selectedFiles), choose: undefined }
  if (state === 'choosingFiles') return await kept.change('queued', chosen, answered)
  const isWhole = torrent !== undefined && isComplete(torrent, selectedFiles)
  if ((state === 'completed' || state === 'seeding') && !isWhole)
    return await kept.change('selected', { ...chosen, completedAtMs: undefined }, answered)
  await kept.note(chosen, answered)
}

/** What leads an import that shall go on to where it waits. */
export function waiting({ torrentFile, choose }: ImportRecord): ImportCause {
  if (torrentFile === undefined) return 'sought'
  return choose ? 'asked' : 'queued'
}
