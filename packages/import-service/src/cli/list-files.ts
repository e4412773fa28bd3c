import type { PeerAddress } from '@bae/client'
import type { AbortOptions } from '@bae/storage'
import type { Composition } from '../composition.js'
import type { Config } from '../config/config.js'
import { FileChoice } from '../file-choice.js'
import { importedFiles } from '../import-snapshot.js'
import type { ImportSource } from '../import-source.js'
import { safeName } from '../safe-path.js'
import { printable } from './cli-output.js'
import { formatBytes, formatCount } from './format-quantities.js'

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

/** Fetches no byte of a file: a magnet link's peers are asked for its metadata. Rejects IMPORT_FILE_NOT_FOUND. */
export async function listFiles(
  {
    composition,
    config,
    source,
  }: { readonly composition: Composition; readonly config: Config; readonly source: ImportSource },
  globs: readonly string[],
  options: AbortOptions & { readonly peers: readonly PeerAddress[] },
): Promise<ListedFiles> {
  const choice = new FileChoice(composition.selectFiles, {
    globs,
    ...(source.files && { indices: source.files }),
  })
  const { torrent } = source
  const layout =
    source.layout ??
    ('magnetUri' in torrent
      ? await composition.fetchLayout(config, torrent.magnetUri, options)
      : await composition.parseTorrentFile(torrent.torrentFile))
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

/** The files that are selected, and how many are not. */
export function formatListed({ name, bytes, files }: ListedFiles): readonly string[] {
  const selected = files.filter((file) => file.selected)
  const some = selected.length === files.length ? '' : `${selected.length} of `
  return [
    `${printable(name)}: ${some}${formatCount(files.length, 'file')}, ${formatBytes(bytes)}`,
    ...selected.map((file) => `  ${formatBytes(file.bytes).padStart(12)}  ${printable(file.path)}`),
  ]
}
