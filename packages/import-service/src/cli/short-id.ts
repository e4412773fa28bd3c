import type { ImportSnapshot } from '../import-snapshot.js'
import { shellQuote } from './shell-quote.js'

const shownDigits = 10

/** What people name an import with: the beginning of its info hash, as that of its id says only when it was added. */
export function shortIdOf({ infoHash, id }: Pick<ImportSnapshot, 'id' | 'infoHash'>): string {
  return infoHash?.slice(0, shownDigits) ?? id
}

/** For the commands that are advised: the same library. */
export function inLibrary({ library }: { readonly library?: string }): string {
  return library === undefined ? '' : ` --library ${shellQuote(library)}`
}
