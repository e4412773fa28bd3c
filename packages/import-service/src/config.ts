import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Durability, ReadChecks } from '@bae/storage'
import { ImportError } from './errors.js'
import { parseBytes } from './parse-bytes.js'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Config {
  readonly libraryDirectory: string
  /** A PostgreSQL server to use; without it each library has its own. */
  readonly databaseUrl?: string
  /** Where the library's own PostgreSQL keeps its data when not in the library. */
  readonly stateDirectory?: string
  /** Where peers may reach us, as libtorrent's listen_interfaces: 'ADDRESS:PORT', several with commas. */
  readonly listenInterfaces?: string
  /** What stored bytes survive: see Durability of @bae/storage. */
  readonly durability?: Durability
  /** How many bytes the library's own store may hold. Unlimited when it is left out. */
  readonly capacityBytes?: number
  /** A folder, on another disk as a rule, where chunks are kept that the library has no room for. */
  readonly remoteDirectory?: string
  /** When chunks are proven that are read: after an unclean stop at their first read, unless set to always. */
  readonly checkReads?: ReadChecks
}

export interface User {
  readonly isRoot: boolean
  readonly homeDirectory: string
}

/** What the command line says wins over the environment. */
export function readConfig(
  flags: { readonly library?: string } = {},
  environment: Environment = processEnvironment(),
  user: User = currentUser(),
): Config {
  const {
    BAE_LIBRARY: library,
    BAE_DATABASE_URL: databaseUrl,
    BAE_STATE: state,
    BAE_LISTEN: listen,
    BAE_DURABILITY: durability,
    BAE_CAPACITY: capacity,
    BAE_REMOTE: remote,
    BAE_CHECK_READS: checkReads,
  } = environment
  return {
    libraryDirectory: resolve(flags.library || library || defaultLibraryDirectory(environment, user)),
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(state ? { stateDirectory: resolve(state) } : {}),
    ...(listen ? { listenInterfaces: listen } : {}),
    ...(durability ? { durability: parseDurability(durability) } : {}),
    ...(capacity ? { capacityBytes: parseCapacity(capacity) } : {}),
    ...(remote ? { remoteDirectory: resolve(remote) } : {}),
    ...(checkReads ? { checkReads: parseCheckReads(checkReads) } : {}),
  }
}

function parseDurability(value: string): Durability {
  if (value === 'process' || value === 'power') return value
  throw new ImportError('IMPORT_USAGE', `BAE_DURABILITY is "process" or "power", not "${value}"`)
}

function parseCapacity(value: string): number {
  const bytes = parseBytes(value)
  if (bytes !== undefined) return bytes
  throw new ImportError('IMPORT_USAGE', `BAE_CAPACITY is bytes or a size such as "200 GiB", not "${value}"`)
}

function parseCheckReads(value: string): ReadChecks {
  if (value === 'first' || value === 'always') return value
  throw new ImportError('IMPORT_USAGE', `BAE_CHECK_READS is "first" or "always", not "${value}"`)
}

function defaultLibraryDirectory(environment: Environment, user: User): string {
  if (user.isRoot) return '/var/lib/bae'
  const { XDG_DATA_HOME: dataHome } = environment
  return join(dataHome || join(user.homeDirectory, '.local', 'share'), 'bae')
}

export function processEnvironment(): Environment {
  return process.env
}

function currentUser(): User {
  return { isRoot: process.getuid?.() === 0, homeDirectory: homedir() || userInfo().homedir }
}
