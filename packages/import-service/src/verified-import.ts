import type { TorrentLayout } from '@bae/storage'
import { importedFiles } from './import-snapshot.js'
import type { Damage, VerifyReport } from './library-like.js'

/** A piece that is not what the torrent says: which file it spoils, and the chunk where that is known. */
export interface BadPiece {
  readonly piece: number
  readonly files: readonly string[]
  readonly chunk: string | null
}

/** What is wrong in one file. */
export interface BadFile {
  readonly path: string
  /** In order. */
  readonly pieces: readonly number[]
  /** The chunks that are wrong or gone, and where they are. */
  readonly chunks: readonly { readonly key: string; readonly local: boolean; readonly remote: boolean }[]
}

/** `pieces` were checked, `ok` of them are right. */
export interface VerifiedImport {
  readonly id: string
  readonly pieces: number
  readonly ok: number
  readonly bad: readonly BadPiece[]
  readonly files: readonly BadFile[]
  /** Null where nothing was wrong or no repair was asked for. */
  readonly repair: { readonly healedChunks: number; readonly lostPieces: readonly number[] } | null
}

export function describeVerified(id: string, layout: TorrentLayout, report: VerifyReport): VerifiedImport {
  const places = new Map(importedFiles(layout).map(({ path, file }) => [file.index, path]))
  const bad = report.damage.flatMap(({ fileIndex, pieces, chunk }) =>
    pieces.map((piece) => {
      const place = places.get(fileIndex)
      return { piece, files: place === undefined ? [] : [place], chunk: chunk ?? null }
    }),
  )
  const ok = report.checkedPieces - new Set(bad.map(({ piece }) => piece)).size
  const files = badFiles(report.damage, places)
  return { id, pieces: report.checkedPieces, ok, bad, files, repair: report.repair ?? null }
}

function badFiles(damage: readonly Damage[], places: ReadonlyMap<number, string>): readonly BadFile[] {
  const byFile = new Map<number, Damage[]>()
  for (const one of damage) byFile.set(one.fileIndex, [...(byFile.get(one.fileIndex) ?? []), one])
  return Array.from(byFile, ([fileIndex, inFile]) => ({
    path: places.get(fileIndex) ?? '',
    pieces: [...new Set(inFile.flatMap(({ pieces }) => pieces))].sort((a, b) => a - b),
    chunks: inFile.flatMap(({ chunk, places }) => (chunk === undefined ? [] : { key: chunk, ...places })),
  }))
}
