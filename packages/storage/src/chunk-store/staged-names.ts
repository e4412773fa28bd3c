import type { StagedChunk } from '../chunk-store.js'
import type { TorrentId } from '../torrent-layout.js'

/** A file in the staging folder of a torrent. */
export interface StagedFile {
  readonly name: string
  readonly chunk: StagedChunk
  /** The process that writes it, as `ownerName` says it; `undefined` where the name does not tell. */
  readonly owner: string | undefined
}

/**
 * `<file>-<chunk>`, and of a writer with a fence `<file>-<chunk>-<fence>.<owner>`: so whoever takes over can tell
 * whether anybody may still write the file.
 */
export function stagedName({ fileIndex, chunk, fence }: StagedChunk, owner: string | undefined): string {
  for (const number of [fileIndex, chunk, fence ?? 0]) {
    if (Number.isSafeInteger(number) && number >= 0) continue
    throw new RangeError(`no place of a chunk: file ${fileIndex}, chunk ${chunk}, fence ${fence}`)
  }
  if (fence === undefined) return `${fileIndex}-${chunk}`
  return `${fileIndex}-${chunk}-${fence}${owner === undefined ? '' : `.${owner}`}`
}

/** `undefined` for what has another name than a staged chunk: it is not ours. */
export function parseStagedName(torrentId: TorrentId, name: string): StagedFile | undefined {
  const [, fileIndex, chunk, fence, owner] = /^(\d+)-(\d+)(?:-(\d+)(?:\.(.+))?)?$/.exec(name) ?? []
  if (chunk === undefined) return undefined
  const place = { torrentId, fileIndex: Number(fileIndex), chunk: Number(chunk) }
  return { name, chunk: fence === undefined ? place : { ...place, fence: Number(fence) }, owner }
}

export function isTorrentId(name: string): name is TorrentId {
  return /^[0-9A-Za-z][0-9A-Za-z-]*$/.test(name)
}
