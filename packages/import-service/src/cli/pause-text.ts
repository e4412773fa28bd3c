import type { ImportSnapshot } from '../import-snapshot.js'

const ends: Readonly<Record<NonNullable<ImportSnapshot['pause']>, string>> = {
  user: "'bae resume'",
  noSpace: 'there is room',
  databaseAway: 'the database is back',
}

/** 'paused', and until when: what no user paused goes on by itself. */
export function pausedText(pause: ImportSnapshot['pause']): string {
  return pause === null ? 'paused' : `paused until ${ends[pause]}`
}

/** The same in a word or two, for a column: what no user paused is another thing. */
export function shortPauseText(pause: string | null): string {
  if (pause === 'noSpace') return 'no space'
  return pause === 'databaseAway' ? 'no database' : 'paused'
}
