import { ImportError } from './errors.js'
import type { ImportSnapshot } from './import-snapshot.js'
import { suggest } from './suggest.js'

export function incomplete(snapshot: ImportSnapshot): ImportError {
  const { id, name, state } = snapshot
  const { pieces, totalPieces } = snapshot.selected ?? snapshot
  const what = snapshot.selected === null ? 'pieces' : 'pieces of its selected files'
  const stored =
    totalPieces === null ? 'nothing is stored yet' : `${pieces} of ${totalPieces} ${what} are stored`
  return new ImportError(
    'IMPORT_INCOMPLETE',
    `the import of ${name ?? id} is not complete (${state}): ${stored}`,
  )
}

export function fileIncomplete({ id, name, files }: ImportSnapshot, path: string): ImportError {
  const file = files.find((one) => one.path === path)
  const why = file?.selected
    ? `${file.storedBytes} of its ${file.bytes} bytes are stored`
    : "it is not selected; 'bae import SOURCE --select PATH' fetches it"
  return new ImportError('IMPORT_INCOMPLETE', `'${path}' of ${name ?? id} is not there: ${why}`)
}

export function fileNotFound(path: string, paths: readonly string[]): ImportError {
  const ending = paths.filter((candidate) => candidate.endsWith(`/${path}`))
  const near = ending.length === 1 ? ending[0] : suggest(path, paths)
  const hint = near === undefined ? "'bae show' lists its files" : `did you mean '${near}'?`
  return new ImportError('IMPORT_FILE_NOT_FOUND', `the torrent has no file '${path}'; ${hint}`)
}
