import pg from 'pg'

const connectTimeoutMs = 5_000

/** What a PostgreSQL server says its version is. Rejects where it cannot be asked. */
export async function readServerVersion(url: string): Promise<string> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'bae doctor',
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: connectTimeoutMs,
  })
  // A connection that breaks rejects what runs on it; without a listener it would also end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version ?? 'of an unknown version'
  } finally {
    await client.end()
  }
}

/** Host, port and database of a connection string, without user and password. */
export function describeServer(url: string): string {
  if (!URL.canParse(url)) return 'BAE_DATABASE_URL is no address'
  const { hostname, port, pathname, searchParams } = new URL(url)
  const host = decodeURIComponent(hostname) || searchParams.get('host') || 'localhost'
  return `${host}${port === '' ? '' : `:${port}`}${pathname}`
}
