import type pg from 'pg'
import type { DueQuery } from '../import-database.js'
import { type ImportRow, importColumns } from './import-row.js'

/** The server ends a session whose machine is gone after half a minute, and not after hours. */
const keepAlive = `SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3`

/** A server that has just started waits so long for the processes that it had before. */
const comeBackSeconds = 2

/** Whoever is dead so long is forgotten. */
const forgottenAfter = '1 day'

const lockOf = (owner: string): string => `hashtextextended('bae ' || ${owner}, 0)`

/** Some session of the owner is there. Shared locks, so that a new session need not wait for the end of the old one. */
const isConnected = `EXISTS (SELECT FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = ${lockOf('import_owner.id')})`

const isWaitedFor = `clock_timestamp() BETWEEN pg_postmaster_start_time()
  AND pg_postmaster_start_time() + interval '${comeBackSeconds} s'`

/** Stopped beyond its lease, or gone. By the server's clock alone. */
const dead = `SELECT id FROM import_owner
  WHERE expires_at <= clock_timestamp() OR NOT (${isConnected} OR ${isWaitedFor})`

const isFree = `(owner IS NULL OR owner IN (${dead}))`

/** Takes the rows of `free`; whoever had one hears of it. */
const take = `taken AS (
    UPDATE import SET owner = $1, token = nextval('import_token')
    FROM free WHERE import.id = free.id
    RETURNING ${importColumns.map(({ column, as }) => `import.${column} AS "${as}"`).join(', ')},
      import.token, free.owner AS before)
  SELECT *, CASE WHEN before IS NOT NULL THEN pg_notify('bae ' || before, id::text) END FROM taken`

/** A row that was just claimed. */
export type ClaimedRow = ImportRow & { readonly token: string }

/** Where a claim stands. */
export interface HoldRow {
  readonly id: string
  readonly owner: string | null
  readonly token: string
  readonly wish: string | null
}

/** Registers the owner in this session, which hears from now on what becomes of its imports. */
export async function enter(client: pg.Client, owner: string, leaseMs: number): Promise<void> {
  // One round trip. The owner is a UUID that we made.
  await client.query(`${keepAlive}; LISTEN "bae ${owner}"; SELECT pg_advisory_lock_shared(${lockOf(`'${owner}'`)});
    INSERT INTO import_owner (id, expires_at) VALUES ('${owner}', ${expiry(leaseMs)})
    ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`)
}

/** The heartbeat. False where the owner was forgotten. */
export async function renew(client: pg.Client, owner: string, leaseMs: number): Promise<boolean> {
  const text = `UPDATE import_owner SET expires_at = ${expiry(leaseMs)} WHERE id = $1`
  return (await client.query({ name: 'renew', text, values: [owner] })).rowCount === 1
}

export async function claimOne(
  client: pg.Client,
  owner: string,
  id: string,
): Promise<ClaimedRow | undefined> {
  const text = `WITH free AS (SELECT id, owner FROM import WHERE id = $2 AND ${isFree} FOR UPDATE), ${take}`
  return (await client.query<ClaimedRow>({ name: 'claim', text, values: [owner, id] })).rows[0]
}

/** Whether the import's owner seems to be gone, as one does for a moment whose server has just started. */
export async function isInDoubt(client: pg.Client, id: string): Promise<boolean> {
  const text = `SELECT FROM import JOIN import_owner ON import_owner.id = import.owner
    WHERE import.id = $1 AND NOT ${isConnected}`
  return (await client.query({ name: 'in-doubt', text, values: [id] })).rowCount === 1
}

export async function claimSome(
  client: pg.Client,
  owner: string,
  { states, limit, nowMs }: DueQuery,
): Promise<readonly ClaimedRow[]> {
  const text = `WITH free AS (
      SELECT id, owner FROM import WHERE state = ANY($2) AND due_at_ms <= $3 AND ${isFree}
      ORDER BY due_at_ms, added_at_ms, id LIMIT $4 FOR UPDATE SKIP LOCKED), ${take}
    ORDER BY "dueAtMs", "addedAtMs", id`
  return (await client.query<ClaimedRow>({ name: 'due', text, values: [owner, states, nowMs, limit] })).rows
}

export async function holds(client: pg.Client, ids: readonly string[]): Promise<readonly HoldRow[]> {
  const text = 'SELECT id, owner, token, wish FROM import WHERE id = ANY($1)'
  return (await client.query<HoldRow>(text, [ids])).rows
}

export async function letGo(client: pg.Client, id: string, token: number): Promise<void> {
  const text = 'UPDATE import SET owner = NULL WHERE id = $1 AND token = $2'
  await client.query({ name: 'let-go', text, values: [id, token] })
}

/** Of what the owner has in the database, all that it does not know of: claims and releases whose answer got lost. */
export async function letGoOfUnknown(
  client: pg.Client,
  owner: string,
  isKnown: (id: string) => boolean,
): Promise<void> {
  const text = 'SELECT id FROM import WHERE owner = $1'
  const { rows } = await client.query<{ id: string }>({ name: 'had', text, values: [owner] })
  const unknown = rows.map(({ id }) => id).filter((id) => !isKnown(id))
  if (unknown.length === 0) return
  await client.query('UPDATE import SET owner = NULL WHERE owner = $1 AND id = ANY($2)', [owner, unknown])
}

export async function leave(client: pg.Client, owner: string): Promise<void> {
  await client.query(`UPDATE import SET owner = NULL WHERE owner = '${owner}';
    DELETE FROM import_owner WHERE id = '${owner}'`)
}

export async function forgetDead(client: pg.Client): Promise<void> {
  await client.query(`WITH gone AS (
      DELETE FROM import_owner WHERE expires_at < clock_timestamp() - interval '${forgottenAfter}' RETURNING id)
    UPDATE import SET owner = NULL WHERE owner IN (SELECT id FROM gone)`)
}

function expiry(leaseMs: number): string {
  return `clock_timestamp() + interval '${leaseMs} ms'`
}
