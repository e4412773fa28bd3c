import type { Config } from './config.js'
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
  const values = valuesOf(config)
  return settingKeys.map((key) => {
    const origin = origins.get(key)
    return {
      key,
      value: values[key],
      text: textOf(key, values[key]),
      from: origin?.from ?? 'default',
      where: origin === undefined ? null : placeOf(origin),
      isLive: settingOf(key).isLive === true,
    }
  })
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

function valuesOf(config: Config): Readonly<Record<SettingKey, string | number | boolean | null>> {
  const { databaseUrl } = config
  return {
    library: config.libraryDirectory,
    databaseUrl: databaseUrl === undefined ? null : withoutPassword(databaseUrl),
    state: config.stateDirectory ?? null,
    capacity: config.capacityBytes ?? null,
    remote: config.remoteDirectory ?? null,
    durability: config.durability,
    checkReads: config.checkReads,
    listen: config.listenInterfaces,
    downloadRate: config.maxDownloadBytesPerSecond ?? null,
    uploadRate: config.maxUploadBytesPerSecond ?? null,
    encryption: config.encryption,
    dht: config.enableDht,
    lsd: config.enableLsd,
    upnp: config.enableUpnp,
    natPmp: config.enableNatPmp,
  }
}

function textOf(key: SettingKey, value: string | number | boolean | null): string {
  if (value === null) return settingOf(key).initially === 'unlimited' ? 'unlimited' : '-'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'string') return value
  return key === 'capacity' ? exactBytes(value) : /Rate$/.test(key) ? `${exactBytes(value)}/s` : String(value)
}
