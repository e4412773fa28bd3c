import type { TorrentLayout } from '@bae/storage'
import type { FileChoice } from './file-choice.js'
import { importedFiles } from './import-snapshot.js'
import { safeName } from './safe-path.js'

/** What an import would bring, as plain JSON. */
export interface ListedFiles {
  readonly infoHash: string | null
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  readonly name: string
  /** Of the files that are selected. */
  readonly bytes: number
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly selected: boolean }[]
}

/** Throws IMPORT_FILE_NOT_FOUND where the choice means no file. */
export function listedFiles(layout: TorrentLayout, choice: FileChoice): ListedFiles {
  const chosen = choice.resolve(layout)
  const selected = chosen && new Set(chosen)
  const files = importedFiles(layout).map(({ path, file }) => ({
    path,
    bytes: file.lengthBytes,
    selected: selected?.has(file.index) ?? true,
  }))
  const { infoHashV1 = null, infoHashV2 = null, name } = layout
  const bytes = files.reduce((sum, file) => (file.selected ? sum + file.bytes : sum), 0)
  return { infoHash: infoHashV1 ?? infoHashV2, infoHashV1, infoHashV2, name: safeName(name), bytes, files }
}
