import { join, resolve } from 'node:path'
import type { AbortOptions } from '@bae/storage'
import * as v from 'valibot'
import { ImportError } from '../errors.js'
import { suggest } from '../suggest.js'
import { type Config, listensOnLoopbackOnly } from './config.js'
import { parseConfigFile, readConfigFile } from './config-file.js'
import { type SettingValues, schema } from './schema.js'
import { type SettingKey, settingKeys, settingOf } from './settings.js'
import {
  type ConfigFlags,
  currentUser,
  type Environment,
  fileToRead,
  type Given,
  givenByDefault,
  givenByEnvironment,
  givenByFlags,
  isSettingKey,
  nameOf,
  type Origin,
  processEnvironment,
  type UnknownVariable,
  type User,
  unknownVariables,
} from './sources.js'

export interface ReadConfigOptions extends AbortOptions {
  readonly environment?: Environment
  readonly user?: User
}

export interface ResolvedConfig {
  readonly config: Config
  /** Who said what. A setting that nobody has said is not there. */
  readonly origins: ReadonlyMap<SettingKey, Origin>
  /** Where the file is, or would be. */
  readonly file: { readonly path: string; readonly isThere: boolean }
  readonly unknownVariables: readonly UnknownVariable[]
}

/**
 * The configuration: of defaults, the file, the environment and the command line the last one that says something
 * counts. Rejects IMPORT_CONFIG_INVALID with all that is wrong, and IMPORT_USAGE.
 */
export async function readConfig(flags: ConfigFlags = {}, options: ReadConfigOptions = {}): Promise<Config> {
  return (await resolveConfig(flags, options)).config
}

/** The same, with where each value came from. */
export async function resolveConfig(
  flags: ConfigFlags = {},
  { environment = processEnvironment(), user = currentUser(), ...options }: ReadConfigOptions = {},
): Promise<ResolvedConfig> {
  const { path, isNeeded } = fileToRead(flags, environment, user)
  const text = await readConfigFile(path, options)
  if (text === undefined && isNeeded)
    throw new ImportError('IMPORT_CONFIG_INVALID', `there is no file ${path} to read the configuration from`)
  const file = text === undefined ? { given: [], problems: [] } : await parseConfigFile(path, text)
  const sources = [
    givenByDefault(environment, user),
    file.given,
    givenByEnvironment(environment),
    givenByFlags(flags),
  ]
  const checked = sources.map(check)
  const problems = [...file.problems, ...checked.flatMap((each) => each.problems)]
  if (problems.length > 0) throw new ImportError('IMPORT_CONFIG_INVALID', problems.join('; '))
  const values: SettingValues = Object.assign({}, ...checked.map((each) => each.values))
  const origins = new Map(
    sources.flat().flatMap(({ key, origin }) => (isSettingKey(key) ? [[key, origin] as const] : [])),
  )
  return {
    config: configOf(values, (key, folder) => folderOf(folder, origins.get(key), user)),
    origins,
    file: { path, isThere: text !== undefined },
    unknownVariables: unknownVariables(environment),
  }
}

/** What one source says, and what is wrong with it. */
function check(given: readonly Given[]): {
  readonly values: SettingValues
  readonly problems: readonly string[]
} {
  const result = v.safeParse(schema, Object.fromEntries(given.map(({ key, text }) => [key, text])))
  if (result.success) return { values: result.output, problems: [] }
  const problems = result.issues.map((issue) => {
    const key = v.getDotPath(issue)
    const wrong = given.findLast((each) => each.key === key)
    return wrong === undefined ? issue.message : describeProblem(wrong, issue.message)
  })
  return { values: {}, problems }
}

function describeProblem({ key, text, origin }: Given, what: string): string {
  const name = nameOf(key, origin)
  if (!isSettingKey(key)) {
    const near = suggest(key, settingKeys)
    return `${name} is no setting; ${near === undefined ? "'bae config' shows all" : `did you mean ${near}?`}`
  }
  return settingOf(key).isSecret ? `${name} ${what}` : `${name} ${what}, not "${text}"`
}

/** Folders of a file are meant from where the file is. */
function folderOf(folder: string, origin: Origin | undefined, { homeDirectory }: User): string {
  if (/^~(\/|$)/.test(folder)) return join(homeDirectory, folder.slice(1))
  return origin?.from === 'file' ? resolve(origin.file, '..', folder) : resolve(folder)
}

/** These have a default, so that somebody has always said them. */
type Always =
  | 'library'
  | 'durability'
  | 'checkReads'
  | 'listen'
  | 'activeDownloads'
  | 'activeSeeds'
  | 'metadataFetches'
  | 'seed'
  | 'encryption'
type Complete = SettingValues & { readonly [Key in Always]: NonNullable<SettingValues[Key]> }

function configOf(values: SettingValues, place: (key: SettingKey, folder: string) => string): Config {
  const { library, durability, checkReads, listen, encryption, ...rest } = values as Complete
  const { databaseUrl, state, capacity, remote, downloadRate, uploadRate } = rest
  const isOpen = !listensOnLoopbackOnly(listen)
  return {
    libraryDirectory: place('library', library),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(state !== undefined && { stateDirectory: place('state', state) }),
    ...(capacity != null && { capacityBytes: capacity }),
    ...(remote !== undefined && { remoteDirectory: place('remote', remote) }),
    durability,
    checkReads,
    listenInterfaces: listen,
    activeDownloads: rest.activeDownloads,
    activeSeeds: rest.activeSeeds,
    metadataFetches: rest.metadataFetches,
    seed: rest.seed,
    ...(downloadRate != null && { maxDownloadBytesPerSecond: downloadRate }),
    ...(uploadRate != null && { maxUploadBytesPerSecond: uploadRate }),
    encryption,
    enableDht: rest.dht ?? isOpen,
    enableLsd: rest.lsd ?? isOpen,
    enableUpnp: rest.upnp ?? isOpen,
    enableNatPmp: rest.natPmp ?? isOpen,
    ...(rest.logLevel !== undefined && { logLevel: rest.logLevel }),
  }
}
