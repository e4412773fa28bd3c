import { randomUUID } from 'node:crypto'
import type { TorrentId } from '@bae/storage'
import type { EntityManager } from 'typeorm'
import { type EventPage, type ImportChange, type ImportEvent, trimBatch } from '../import-event.js'
import type { ImportState } from '../import-state.js'

interface EventRow {
  readonly seq: string | null
  readonly atMs: string
  readonly importId: string
  readonly from: string | null
  readonly to: string
  readonly reason: ImportEvent['reason']
  readonly firstSeq: string | null
  readonly lastSeq: string
}

/** A statement that inserts, updates or deletes one import at most, and returns nothing. */
export interface Change {
  readonly text: string
  readonly values: readonly unknown[]
}

export interface NewEvent extends ImportChange {
  /** Its own: when nobody knows whether it was written, it is written again, and there once. */
  readonly key: string
  readonly importId: TorrentId
  readonly to: ImportState | 'removed'
}

/** unique_violation */
const duplicateCode = '23505'
const uniqueKey = 'import_event_key_key'

const read = `SELECT bounds.*, page.* FROM
    (SELECT (SELECT min(seq) FROM import_event) AS "firstSeq", seq AS "lastSeq" FROM import_event_head) AS bounds
  LEFT JOIN (SELECT seq, at_ms AS "atMs", import_id AS "importId", from_state AS "from", to_state AS "to", reason
    FROM import_event WHERE seq > $1 ORDER BY seq LIMIT $2) AS page ON true ORDER BY page.seq`

export function newEvent(change: ImportChange, importId: TorrentId, to: NewEvent['to']): NewEvent {
  return { ...change, key: randomUUID(), importId, to }
}

/** Whether something changed. */
export async function make(manager: EntityManager, { text, values }: Change): Promise<boolean> {
  const made = `WITH changed AS (${text} RETURNING 1) SELECT FROM changed`
  return (await manager.query<unknown[]>(made, [...values])).length > 0
}

/**
 * The same with an event, in one statement: where nothing changed there is none. The number is drawn last, and others wait
 * for it until this is committed, so that events become visible in the order of their numbers.
 */
export async function makeWithEvent(
  manager: EntityManager,
  { text, values }: Change,
  event: NewEvent,
  keptEvents: number,
): Promise<boolean> {
  const { key, atMs, importId, from, to, reason } = event
  const types = ['uuid', 'bigint', 'uuid', 'text', 'text', 'json']
  const logged = types.map((type, index) => `$${values.length + index + 1}::${type}`).join(', ')
  const made = `WITH changed AS (${text} RETURNING 1),
    numbered AS (UPDATE import_event_head SET seq = seq + 1 WHERE EXISTS (SELECT FROM changed) RETURNING seq)
    INSERT INTO import_event (seq, key, at_ms, import_id, from_state, to_state, reason)
    SELECT seq, ${logged} FROM numbered RETURNING seq`
  const all = [...values, key, atMs, importId, from, to, JSON.stringify(reason)]
  try {
    const [row] = await manager.query<{ seq: string }[]>(made, all)
    if (row !== undefined) await trim(manager, Number(row.seq), keptEvents)
    return row !== undefined
  } catch (error) {
    if (isOfKey(error)) return true
    throw error
  }
}

export async function readEvents(
  manager: EntityManager,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<EventPage> {
  const rows = await manager.query<EventRow[]>(read, [after, limit])
  const lastSeq = Number(rows[0]?.lastSeq)
  const events = rows.filter(({ seq }) => seq !== null).map(eventOf)
  return { events, firstSeq: Number(rows[0]?.firstSeq ?? lastSeq + 1), lastSeq }
}

/** Where this is missed, the next batch does it. */
async function trim(manager: EntityManager, seq: number, keptEvents: number): Promise<void> {
  if (seq <= keptEvents || seq % trimBatch(keptEvents) !== 0) return
  await manager.query('DELETE FROM import_event WHERE seq <= $1', [seq - keptEvents])
}

/** It was written before, when the answer did not come. */
function isOfKey(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === duplicateCode &&
    'constraint' in error &&
    error.constraint === uniqueKey
  )
}

function eventOf({ seq, atMs, importId, from, to, reason }: EventRow): ImportEvent {
  return {
    seq: Number(seq),
    atMs: Number(atMs),
    importId: importId as TorrentId,
    from: from as ImportState | null,
    to: to as ImportState | 'removed',
    reason,
  }
}
