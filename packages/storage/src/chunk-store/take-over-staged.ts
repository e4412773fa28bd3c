import { constants, copyFile, opendir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AbortOptions } from '../abort-options.js'
import { batchesOf } from '../batches-of.js'
import { crashPoint } from '../crash-point.js'
import { type FenceOptions, isOlder } from '../fence.js'
import { forEachBounded } from '../for-each-bounded.js'
import { isAbsent } from '../io-error.js'
import type { TorrentId } from '../torrent-layout.js'
import { absentAsUndefined } from './absent-as-undefined.js'
import { type FileOwner, ownerName, stateOfOwner } from './file-owner.js'
import { parseStagedName, type StagedFile, stagedName } from './staged-names.js'
import type { TemporaryFiles } from './temporary-files.js'
import { flushFile, flushFolder, type UnflushedFiles } from './unflushed-files.js'
import { isThere } from './with-file.js'

export interface TakeOverDeps {
  readonly temporary: TemporaryFiles
  readonly unflushed: UnflushedFiles
  /** This process. */
  readonly owner: FileOwner | undefined
}

/** So many chunks are there twice for a moment. */
const chunksAtOnce = 8

const maxCopiesAtOnce = 4

/** The files of one place: the own one where there is one, and what is to be taken over or to go. */
interface Place {
  readonly own: StagedFile | undefined
  /** The newest first. */
  readonly others: readonly StagedFile[]
}

/**
 * Makes the staged files of a torrent those of this process and fence. The file of a process that is known to be dead
 * is renamed; any other one is copied, since whoever wrote it may have it open, and write it once more. Another one
 * may be about to do the same, and be stopped at any point: what is gone when its turn comes is looked for again.
 */
export async function takeOverStaged(
  directory: string,
  torrentId: TorrentId,
  deps: TakeOverDeps,
  options: FenceOptions & AbortOptions,
): Promise<void> {
  for (let missed = true; missed; ) {
    missed = false
    const places = await placesToTakeOver(directory, torrentId, deps, options)
    for (const some of batchesOf(places, chunksAtOnce)) {
      options.signal?.throwIfAborted()
      const old: StagedFile[] = []
      await forEachBounded(some, maxCopiesAtOnce, async (place) => {
        const left = await takeOver(directory, place, deps, options)
        if (left === undefined) missed = true
        else old.push(...left)
      })
      await removeOld(directory, old)
    }
  }
}

export async function* stagedFilesIn(directory: string, torrentId: TorrentId): AsyncIterable<StagedFile> {
  // Nearly no torrent has one: to be told by an exception is ten times as dear.
  if (!(await isThere(directory))) return
  const entries = await absentAsUndefined(opendir(directory))
  for await (const { name } of entries ?? []) {
    const file = parseStagedName(torrentId, name)
    if (file !== undefined) yield file
  }
}

async function placesToTakeOver(
  directory: string,
  torrentId: TorrentId,
  { owner }: TakeOverDeps,
  { fence }: FenceOptions,
): Promise<readonly Place[]> {
  const places = new Map<string, { own: StagedFile | undefined; others: StagedFile[] }>()
  for await (const file of stagedFilesIn(directory, torrentId)) {
    const isOwn = file.name === stagedName({ ...file.chunk, ...fenced(fence) }, owner && ownerName(owner))
    if (!isOwn && !isOlder(file.chunk.fence, fence) && file.chunk.fence !== fence) continue
    const name = stagedName({ ...file.chunk, fence: 0 }, undefined)
    const place = places.get(name) ?? { own: undefined, others: [] }
    if (isOwn) place.own = file
    else place.others.push(file)
    places.set(name, place)
  }
  const found = [...places.values()].filter(({ others }) => others.length > 0)
  for (const { others } of found) others.sort((a, b) => rankOf(b) - rankOf(a))
  return found
}

/**
 * Answers the files that are not needed any more. `undefined` where the newest one is gone: sealed, or taken by another
 * one, who may have been stopped since.
 */
async function takeOver(
  directory: string,
  { own, others }: Place,
  { owner, temporary, unflushed }: TakeOverDeps,
  { fence }: FenceOptions,
): Promise<readonly StagedFile[] | undefined> {
  const [newest, ...older] = others
  // Without a fence anything that has one is newer than what is there.
  if (newest === undefined || (own !== undefined && rankOf(own) >= rankOf(newest))) return others
  const from = join(directory, newest.name)
  const to = join(directory, stagedName({ ...newest.chunk, ...fenced(fence) }, owner && ownerName(owner)))
  try {
    if (newest.owner !== undefined && (await stateOfOwner(newest.owner, owner)) === 'dead') {
      await rename(from, to)
      // Nobody knows whether the dead one had flushed it.
      unflushed.written(to)
      return older
    }
    await copy(from, to, temporary)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  crashPoint('staged chunk has a new writer')
  return others
}

async function removeOld(directory: string, old: readonly StagedFile[]): Promise<void> {
  if (old.length === 0) return
  // The new names before the old files go: a power cut leaves one of them.
  await flushFolder(directory)
  await forEachBounded(old, maxCopiesAtOnce, ({ name }) => rm(join(directory, name), { force: true }))
  crashPoint('older staged chunks are gone')
}

/** The copy is there as a whole or not at all, and as flushed as the file was. */
async function copy(from: string, to: string, temporary: TemporaryFiles): Promise<void> {
  const path = temporary.newPath()
  try {
    await copyFile(from, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    await flushFile(path)
    crashPoint('staged chunk is copied for a new writer')
    await rename(path, to)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

function rankOf({ chunk }: StagedFile): number {
  return chunk.fence ?? -1
}

/** Takes the place of what the chunk had, also where there is none. */
function fenced(fence: number | undefined) {
  return { fence } as { fence?: number }
}
