import { type Config, fieldOf } from './config.js'
import type { ResolvedConfig } from './read-config.js'
import { type SettingKey, settingKeys, settingOf } from './settings.js'
import type { Origin } from './sources.js'

/** A setting as it may be shown to anybody: without secrets. */
export interface ShownSetting {
  readonly key: SettingKey
  /** `null` for what is not there, or has no limit. Sizes are in bytes, rates in bytes per second. */
  readonly value: string | number | boolean | null
  /** The value as the file takes it; '-' for what is not there. */
  readonly text: string
  readonly from: Origin['from']
  /** 'FILE:LINE', the variable or the flag. */
  readonly where: string | null
  readonly isLive: boolean
}

const units = ['PiB', 'TiB', 'GiB', 'MiB', 'KiB']

export function showConfig({ config, origins }: ResolvedConfig): readonly ShownSetting[] {
  return settingKeys.map((key) => {
    const origin = origins.get(key)
    return {
      key,
      value: shownValue(key, config),
      text: shownText(key, config),
      from: origin?.from ?? 'default',
      where: origin === undefined ? null : placeOf(origin),
      isLive: settingOf(key).isLive === true,
    }
  })
}

/** The value as the file takes it, without secrets; '-' for what is not there. */
export function shownText(key: SettingKey, config: Config): string {
  return textOf(key, shownValue(key, config))
}

/** The address without its password: whoever has it may write into the database. */
export function withoutPassword(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'postgres://***'
  const url = new URL(databaseUrl)
  if (url.password !== '') url.password = '***'
  for (const name of [...url.searchParams.keys()])
    if (/password/i.test(name)) url.searchParams.set(name, '***')
  return url.href
}

/** The largest unit that says it exactly. */
export function exactBytes(bytes: number): string {
  const at = units.findIndex((_, index) => bytes > 0 && bytes % 1024 ** (units.length - index) === 0)
  return at === -1 ? String(bytes) : `${bytes / 1024 ** (units.length - at)} ${units[at]}`
}

function placeOf(origin: Origin): string | null {
  switch (origin.from) {
    case 'file':
      return `${origin.file}:${origin.line}`
    case 'environment':
      return origin.variable
    case 'flag':
      return origin.flag
    case 'default':
      return null
  }
}

function shownValue(key: SettingKey, config: Config): ShownSetting['value'] {
  const value = config[fieldOf[key]] ?? null
  return settingOf(key).isSecret && typeof value === 'string' ? withoutPassword(value) : value
}

function textOf(key: SettingKey, value: ShownSetting['value']): string {
  if (value === null) return settingOf(key).initially === 'unlimited' ? 'unlimited' : '-'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'string') return value
  return key === 'capacity' ? exactBytes(value) : /Rate$/.test(key) ? `${exactBytes(value)}/s` : String(value)
}
