import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { ImportError } from '../errors.js'
import { suggest } from '../suggest.js'
import { otherVariables, type SettingKey, settingKeys, settingOf } from './settings.js'

export type Environment = Readonly<Record<string, string | undefined>>

export interface User {
  readonly isRoot: boolean
  readonly homeDirectory: string
}

/** What a command line may say of the configuration. */
export interface ConfigFlags {
  readonly library?: string
  /** The file to read. */
  readonly config?: string
  /** 'KEY=VALUE'. */
  readonly set?: readonly string[]
}

/** Who said a value. */
export type Origin =
  | { readonly from: 'default' }
  | { readonly from: 'file'; readonly file: string; readonly line: number }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'flag'; readonly flag: '--library' | '--set' }

/** A value as it was written. `key` may be no key of ours: the schema finds out. */
export interface Given {
  readonly key: string
  readonly text: string
  readonly origin: Origin
}

export function processEnvironment(): Environment {
  return process.env
}

export function currentUser(): User {
  return { isRoot: process.getuid?.() === 0, homeDirectory: homedir() || userInfo().homedir }
}

export function givenByDefault(environment: Environment, user: User): readonly Given[] {
  const origin: Origin = { from: 'default' }
  const known = settingKeys.flatMap((key) => {
    const text = settingOf(key).initially
    return text === undefined ? [] : [{ key, text, origin }]
  })
  return [{ key: 'library', text: defaultLibrary(environment, user), origin }, ...known]
}

/** Variables that are empty do not count. */
export function givenByEnvironment(environment: Environment): readonly Given[] {
  return settingKeys.flatMap((key) => {
    const { variable } = settingOf(key)
    const text = environment[variable]
    return text ? [{ key, text, origin: { from: 'environment', variable } }] : []
  })
}

/** Rejects IMPORT_USAGE. */
export function givenByFlags({ library, set = [] }: ConfigFlags): readonly Given[] {
  const pairs = set.map((pair): Given => {
    const [, key, text] = /^(\w+)=(.+)$/s.exec(pair) ?? []
    if (key === undefined || text === undefined) {
      throw new ImportError('IMPORT_USAGE', `--set takes KEY=VALUE, such as downloadRate='10 MiB/s'`)
    }
    return { key, text, origin: { from: 'flag', flag: '--set' } }
  })
  if (!library) return pairs
  return [...pairs, { key: 'library', text: library, origin: { from: 'flag', flag: '--library' } }]
}

/** The file to read, and who named it. `isNeeded`: that it is not there is an error. */
export function fileToRead(
  flags: ConfigFlags,
  environment: Environment,
  { isRoot, homeDirectory }: User,
): { readonly path: string; readonly isNeeded: boolean } {
  const { BAE_CONFIG: named, XDG_CONFIG_HOME: configHome } = environment
  const path = flags.config || named
  if (path) return { path: resolve(path), isNeeded: true }
  const folder = isRoot ? '/etc' : configHome || join(homeDirectory, '.config')
  return { path: join(folder, 'bae', 'bae.yaml'), isNeeded: false }
}

export interface UnknownVariable {
  readonly name: string
  /** What was probably meant. */
  readonly near?: string
}

/** Variables that look like ours and mean nothing. */
export function unknownVariables(environment: Environment): readonly UnknownVariable[] {
  const known: readonly string[] = [...settingKeys.map((key) => settingOf(key).variable), ...otherVariables]
  const strange = Object.keys(environment).filter((name) => name.startsWith('BAE_') && !known.includes(name))
  return strange.sort().map((name) => {
    const near = suggest(name, known)
    return { name, ...(near !== undefined && { near }) }
  })
}

/** How messages name a setting. */
export function nameOf(key: string, origin: Origin): string {
  switch (origin.from) {
    case 'file':
      return `${origin.file}:${origin.line}: ${key}`
    case 'environment':
      return origin.variable
    case 'flag':
      return origin.flag === '--library' ? origin.flag : `--set ${key}`
    case 'default':
      return key
  }
}

function defaultLibrary(environment: Environment, user: User): string {
  if (user.isRoot) return '/var/lib/bae'
  const { XDG_DATA_HOME: dataHome } = environment
  return join(dataHome || join(user.homeDirectory, '.local', 'share'), 'bae')
}

export function isSettingKey(key: string): key is SettingKey {
  return settingKeys.some((known) => known === key)
}
