import type { EntityManager } from 'typeorm'
import type { Claim, ImportRecord, SaveOptions } from '../import-database.js'
import { wishText } from '../wish-text.js'
import type { Change } from './event-log.js'
import { importColumns, importRow } from './import-row.js'

const written = importColumns.filter(({ as }) => as !== 'wish')
const replaced = written.filter(({ as }) => as !== 'id')

/** After those of the record: the wish that is answered. */
const answeredWish = `$${written.length + 1}`
const wishLeft = `wish = CASE WHEN import.wish = ${answeredWish} THEN NULL ELSE import.wish END`

const insertOrReplace = `INSERT INTO import (${written.map(({ column }) => column).join(', ')})
  VALUES (${written.map((_, index) => `$${index + 1}`).join(', ')})
  ON CONFLICT (id) DO UPDATE SET ${wishLeft},
    ${replaced.map(({ column }) => `${column} = excluded.${column}`).join(', ')}`

const replaceClaimed = `UPDATE import SET ${wishLeft},
    ${replaced.map(({ column }, index) => `${column} = $${index + 2}`).join(', ')}
  WHERE id = $1 AND owner IS NOT NULL AND token = $${written.length + 2}`

/** With a claim it changes nothing where that no longer holds. */
export function saving(record: ImportRecord, { claim, answered }: SaveOptions): Change {
  const row = importRow(record)
  const values = [...written.map(({ as }) => row[as as keyof typeof row]), wishText(answered) ?? null]
  return claim === undefined
    ? { text: insertOrReplace, values }
    : { text: replaceClaimed, values: [...values, claim.token] }
}

/** As `saving`. */
export function deleting(id: string, claim: Claim | undefined): Change {
  const text = 'DELETE FROM import WHERE id = $1'
  return claim === undefined
    ? { text, values: [id] }
    : { text: `${text} AND owner IS NOT NULL AND token = $2`, values: [id, claim.token] }
}

export async function isThere(manager: EntityManager, id: string): Promise<boolean> {
  return (await manager.query<unknown[]>('SELECT FROM import WHERE id = $1', [id])).length > 0
}

/** Leaves the wish, and tells the owner. False where there is no such import. */
export async function saveWish(manager: EntityManager, id: string, text: string): Promise<boolean> {
  const told = await manager.query<unknown[]>(
    `WITH wished AS (UPDATE import SET wish = $2 WHERE id = $1 RETURNING id, owner)
     SELECT CASE WHEN owner IS NOT NULL THEN pg_notify('bae ' || owner, id::text) END FROM wished`,
    [id, text],
  )
  return told.length > 0
}
