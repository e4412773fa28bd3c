import type pg from 'pg'

/** A connection whose session holds advisory locks. */
export interface Session {
  readonly client: pg.Client
  readonly connected: Promise<unknown>
}

/** False at once where another session has it. */
export async function lock({ client, connected }: Session, name: string): Promise<boolean> {
  await connected
  const text = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked'
  const { rows } = await client.query<{ locked: boolean }>(text, [name])
  return rows[0]?.locked === true
}

export async function unlock({ client }: Session, name: string): Promise<void> {
  await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [name])
}

/** Only whoever has the lock writes here. */
export async function writeOwner({ client }: Session, key: string, owner: string): Promise<void> {
  const text = `INSERT INTO claim_owner (key, owner) VALUES ($1, $2)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner`
  await client.query(text, [key, owner])
}

export async function readOwner({ client }: Session, key: string): Promise<string | undefined> {
  const text = 'SELECT owner FROM claim_owner WHERE key = $1'
  const { rows } = await client.query<{ owner: string }>(text, [key])
  return rows[0]?.owner
}

export async function removeOwner({ client }: Session, key: string, owner: string): Promise<void> {
  await client.query('DELETE FROM claim_owner WHERE key = $1 AND owner = $2', [key, owner])
}
