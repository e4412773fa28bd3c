import pg from 'pg'

const connectTimeoutMs = 5_000

export interface ServerFacts {
  readonly serverVersion: string
  /** 'TLSv1.3' and the like; `undefined` where the connection is not encrypted. */
  readonly tlsVersion?: string
}

const question = `SELECT current_setting('server_version') AS server_version, version AS tls_version
  FROM pg_stat_ssl WHERE pid = pg_backend_pid()`

/** What a PostgreSQL server says of itself. Rejects where it cannot be asked. */
export async function askServer(options: pg.ClientConfig): Promise<ServerFacts> {
  const client = new pg.Client({
    ...options,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: connectTimeoutMs,
  })
  // A connection that breaks rejects what runs on it; without a listener it would also end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string; tls_version: string | null }>(question)
    const { server_version: serverVersion, tls_version: tlsVersion } = rows[0] ?? {}
    return { serverVersion: serverVersion ?? 'of an unknown version', ...(tlsVersion && { tlsVersion }) }
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
