import type { ImportRecord } from './database/import-database.js'
import { ImportError } from './errors.js'
import { suggest } from './suggest.js'

const shownCandidates = 4
/** What 'bae list' shows of an info hash. */
const shownIdDigits = 10
/** Of fewer digits too many ids are near. */
const shortestGuess = 4

/**
 * The import that `text` names: its id, one of its info hashes, or the beginning of one of them, in any
 * case, with or without the dashes of the id. Rejects IMPORT_NOT_FOUND and IMPORT_AMBIGUOUS_ID.
 */
export function resolveId(records: readonly ImportRecord[], text: string): ImportRecord {
  const wanted = normalise(text)
  const candidates =
    wanted === '' ? [] : records.filter((record) => namesOf(record).some((name) => name.startsWith(wanted)))
  const exact = candidates.filter((record) => namesOf(record).includes(wanted))
  const found = exact.length > 0 ? exact : candidates
  const [first] = found
  if (first === undefined) throw new ImportError('IMPORT_NOT_FOUND', notFoundMessage(records, text))
  if (found.length > 1) throw new ImportError('IMPORT_AMBIGUOUS_ID', ambiguousMessage(found, text))
  return first
}

function normalise(text: string): string {
  return text.trim().toLowerCase().replaceAll('-', '')
}

function namesOf(record: ImportRecord): readonly string[] {
  return [record.id, record.infoHashV1, record.infoHashV2].filter((name) => name !== undefined).map(normalise)
}

function notFoundMessage(records: readonly ImportRecord[], text: string): string {
  if (records.length === 0) return `no import is called '${text}': the library is empty`
  const near = nearestRecord(records, text)
  if (near === undefined) return `no import is called '${text}'; 'bae list' shows what is there`
  const { id, infoHashV1, infoHashV2, name } = near
  const shown = (infoHashV1 ?? infoHashV2 ?? id).slice(0, shownIdDigits)
  return `no import is called '${text}'; did you mean ${shown} (${name ?? 'no name yet'})?`
}

/** The one whose name was given in place of its id, else the one whose id begins nearly alike. */
function nearestRecord(records: readonly ImportRecord[], text: string): ImportRecord | undefined {
  const wanted = normalise(text).slice(0, shownIdDigits)
  const byName = records.find(({ name }) => name !== undefined && normalise(name) === normalise(text))
  if (byName !== undefined || wanted.length < shortestGuess) return byName
  const beginnings = new Map<string, ImportRecord>()
  for (const record of records)
    for (const name of namesOf(record)) beginnings.set(name.slice(0, wanted.length), record)
  const beginning = suggest(wanted, [...beginnings.keys()])
  return beginning === undefined ? undefined : beginnings.get(beginning)
}

/** The one of its names that begins so, with enough digits to tell it from others. */
function fittingName({ id, infoHashV1, infoHashV2 }: ImportRecord, text: string): string {
  const wanted = normalise(text)
  const infoHash = [infoHashV1, infoHashV2].find((name) => name?.startsWith(wanted))
  return infoHash?.slice(0, wanted.length + shownIdDigits) ?? id
}

function ambiguousMessage(found: readonly ImportRecord[], text: string): string {
  const names = found
    .slice(0, shownCandidates)
    .map((record) => `${fittingName(record, text)} (${record.name ?? 'no name yet'})`)
  const more = found.length > shownCandidates ? ` and ${found.length - shownCandidates} more` : ''
  return `'${text}' fits ${found.length} imports: ${names.join(', ')}${more}; give more of the id`
}
