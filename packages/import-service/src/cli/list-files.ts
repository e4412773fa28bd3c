import type { PeerAddress } from '@bae/client'
import type { TorrentLayout } from '@bae/storage'
import type { Composition } from '../composition.js'
import type { Config } from '../config/config.js'
import { FileChoice } from '../file-choice.js'
import type { ImportSource } from '../import-source.js'
import { type ListedFiles, listedFiles } from '../listed-files.js'
import { printable } from './cli-output.js'
import type { CliContext } from './command.js'
import { formatBytes, formatCount } from './format-quantities.js'
import { openLibraryIfThere } from './open-library.js'
import { findServiceToRead } from './service-connection.js'

export interface ListFilesRequest {
  readonly config: Config
  readonly source: ImportSource
  readonly select: readonly string[]
  readonly peers: readonly PeerAddress[]
}

/**
 * Fetches no byte of a file. Of a magnet link the library is asked, and its peers where that does not know the torrent.
 * Rejects IMPORT_FILE_NOT_FOUND.
 */
export async function listFiles(request: ListFilesRequest, context: CliContext): Promise<ListedFiles> {
  const { source, select } = request
  const composition = await context.compose()
  const choice = new FileChoice(composition.selectFiles, {
    globs: select,
    ...(source.files && { indices: source.files }),
  })
  if (source.layout !== undefined) return listedFiles(source.layout, choice)
  const known = await askLibrary(request, context)
  return known ?? listedFiles(await askPeers(composition, request, context), choice)
}

async function askLibrary(
  { config, source, select }: ListFilesRequest,
  context: CliContext,
): Promise<ListedFiles | undefined> {
  const running = await findServiceToRead(config, context)
  if (running !== undefined) return await running.knownFiles(source, { select, signal: context.stop.signal })
  await using service = await openLibraryIfThere(config, context)
  return await service?.knownFiles(source, { select })
}

async function askPeers(
  composition: Composition,
  { config, source: { torrent }, peers }: ListFilesRequest,
  { stop: { signal } }: CliContext,
): Promise<TorrentLayout> {
  return 'magnetUri' in torrent
    ? await composition.fetchLayout(config, torrent.magnetUri, { peers, signal })
    : await composition.parseTorrentFile(torrent.torrentFile)
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
