import type { Composition, DatabaseFacts } from '../composition.js'
import type { Config } from '../config/config.js'
import { isBaeError } from '../errors.js'
import { neededNode } from '../oldest-node.js'
import { messageOf } from './describe-failure.js'
import type { DoctorItem } from './doctor-item.js'

/** The oldest that bae was tried with: Debian 12's. */
const oldestServerMajor = 15

export interface ExamineDatabaseDeps {
  /** What cannot even be loaded is an item, too. */
  readonly compose: () => Promise<Composition>
  readonly config: Config
  readonly signal?: AbortSignal
}

export async function examineDatabase({ compose, config, signal }: ExamineDatabaseDeps): Promise<DoctorItem> {
  const name = 'database'
  try {
    const composition = await compose()
    const facts = await composition.inspectDatabase(config, signal === undefined ? {} : { signal })
    const detail = describeDatabase(facts)
    if (Number.parseInt(facts.serverVersion, 10) >= oldestServerMajor) return { name, status: 'ok', detail }
    const advice = `use PostgreSQL ${oldestServerMajor} or newer: older ones are not tested`
    return { name, status: 'warn', detail, advice }
  } catch (error) {
    signal?.throwIfAborted()
    return { name, status: 'fail', detail: messageOf(error), advice: adviceFor(error, config) }
  }
}

function describeDatabase({ kind, place, serverVersion, tlsVersion }: DatabaseFacts): string {
  const server = `PostgreSQL ${serverVersion}`
  if (kind === 'server') return `${server} (${place}), ${tlsVersion ?? 'without TLS'}`
  if (kind === 'embedded') return `the library's own ${server} (${place})`
  return `${server} starts; the first import makes the library's own`
}

function adviceFor(error: unknown, { databaseUrl }: Config): string {
  if (isBaeError(error, 'IMPORT_NODE_TOO_OLD')) return `install ${neededNode}`
  if (databaseUrl !== undefined) return 'see that the server of BAE_DATABASE_URL runs and lets this user in'
  if (isBaeError(error, 'STORAGE_REBUILD_NEEDED'))
    return "bring the database back, or make its records anew with 'bae rebuild'"
  if (isBaeError(error, 'STORAGE_POSTGRES_NOT_FOUND')) {
    return process.getuid?.() === 0
      ? "install the optional packages, too; root needs a user 'postgres' or 'nobody'; or set BAE_DATABASE_URL"
      : "install the optional packages, too ('npm install --include=optional'), or set BAE_DATABASE_URL"
  }
  if (!isBaeError(error)) return 'run ./bae in the clone again, or install bae anew'
  return isBaeError(error, 'STORAGE_POSTGRES_FOLDER')
    ? 'set BAE_STATE to a folder on a local disk, or BAE_DATABASE_URL to a PostgreSQL server'
    : 'what it says is in postgres/server.log of the library; BAE_DATABASE_URL names a server in its place'
}
