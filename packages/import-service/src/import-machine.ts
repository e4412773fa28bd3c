import type { ImportState } from './database/import-state.js'

/** What happens to an import, and leads it from one state to another: the code of the reason in its event. */
export const importCauses = [
  /** Its metadata is to be fetched: it waits for its turn to ask for it, or asks. */
  'sought',
  /** Its metadata is known: it waits for its turn to download. */
  'queued',
  /** Its metadata is known, and somebody wants to say which files are wanted. */
  'asked',
  /** Its turn to download has come. */
  'began',
  /** Nobody brought anything for long while others waited: it goes behind them. */
  'stalled',
  /** All that is wanted is stored. */
  'finished',
  /** The same, and it is given to others from now on; or that is wanted of what was complete. */
  'seeded',
  'unseeded',
  /** Pieces that it had are gone. */
  'lost',
  /** More is wanted than was. */
  'selected',
  /** What is stored is to be compared with its hashes. */
  'checked',
  'paused',
  /** There is no room for what it writes, and then there is again. */
  'full',
  'roomy',
  /** The database went away. */
  'away',
  /** What went wrong will pass: it goes on with what it was at later. */
  'delayed',
  'failed',
  'cancelled',
] as const

export type ImportCause = (typeof importCauses)[number]

type Ways = { readonly [cause in ImportCause]?: ImportState }

/** What a user may ask of whatever is not over. */
const requests: Ways = { paused: 'paused', cancelled: 'cancelled' }
const waits: Ways = { queued: 'queued', sought: 'fetchingMetadata', asked: 'choosingFiles' }
const check: Ways = { checked: 'verifying' }
/** What may go wrong with whatever downloads. */
const troubles: Ways = { failed: 'failed', full: 'paused', away: 'paused' }
const done: Ways = { finished: 'completed', seeded: 'seeding' }

const ways: { readonly [state in ImportState]: Ways } = {
  queued: { ...requests, ...check, ...troubles, began: 'downloading' },
  fetchingMetadata: {
    ...requests,
    ...troubles,
    queued: 'queued',
    asked: 'choosingFiles',
    stalled: 'fetchingMetadata',
  },
  choosingFiles: { ...requests, queued: 'queued', sought: 'fetchingMetadata' },
  downloading: { ...requests, ...check, ...troubles, ...done, queued: 'queued', stalled: 'queued' },
  verifying: { ...requests, ...done, lost: 'queued', failed: 'failed', delayed: 'verifying' },
  completed: { ...check, seeded: 'seeding', lost: 'queued', selected: 'queued', cancelled: 'cancelled' },
  seeding: {
    ...requests,
    ...check,
    unseeded: 'completed',
    lost: 'queued',
    selected: 'queued',
    failed: 'failed',
    delayed: 'seeding',
  },
  paused: { ...requests, ...waits, ...check, ...troubles, roomy: 'downloading' },
  failed: { ...requests, ...waits, ...check },
  cancelled: { ...waits, ...check },
}

export const importStates = Object.keys(ways) as readonly ImportState[]

/** Where `cause` leads from `state`; undefined where it means nothing there. */
export function nextState(state: ImportState, cause: ImportCause): ImportState | undefined {
  return ways[state][cause]
}
