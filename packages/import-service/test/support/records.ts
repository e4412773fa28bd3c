import type { TorrentId, TorrentLayout } from '@bae/storage'
import type { ImportRecord } from '../../src/database/import-database.js'

export const pieceLengthBytes = 16 * 1024

export function torrentId(digits: string): TorrentId {
  return `0193a7c0-0000-7000-8000-${digits.padStart(12, '0')}` as TorrentId
}

export function hashV1(digit: string): string {
  return digit.repeat(40)
}

export function hashV2(digit: string): string {
  return digit.repeat(64)
}

export function importRecord(change: Partial<ImportRecord> = {}): ImportRecord {
  return {
    id: torrentId('1'),
    infoHashV1: hashV1('a'),
    name: 'album',
    state: 'downloading',
    addedAtMs: 1_000,
    ...change,
  }
}

/** A torrent of these files, one after the other, without padding. */
export function layoutOf(
  files: Readonly<Record<string, number>>,
  change: Partial<TorrentLayout> = {},
): TorrentLayout {
  let offsetBytes = 0
  const layouts = Object.entries(files).map(([path, lengthBytes], index) => {
    const file = {
      index,
      path: path.split('/'),
      offsetBytes,
      lengthBytes,
      kind: 'file' as const,
      executable: false,
    }
    offsetBytes += lengthBytes
    return file
  })
  return {
    infoHashV1: hashV1('a'),
    name: 'album',
    singleFile: false,
    pieceLengthBytes,
    totalLengthBytes: offsetBytes,
    files: layouts,
    ...change,
  }
}
