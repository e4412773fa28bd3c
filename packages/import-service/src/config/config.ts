import type { Durability, ReadChecks } from '@bae/storage'
import type { LogLevel } from '../log/log.js'
import type { SettingKey } from './settings.js'

/** What is set, whoever said it. */
export interface Config {
  readonly libraryDirectory: string
  /** A PostgreSQL server to use; without it each library has its own. With its password: not to be shown. */
  readonly databaseUrl?: string
  /** Where the library's own PostgreSQL keeps its data when not in the library. */
  readonly stateDirectory?: string
  /** How many bytes the library's own store may hold. Unlimited when it is left out. */
  readonly capacityBytes?: number
  /** A folder, on another disk as a rule, where chunks are kept that the library has no room for. */
  readonly remoteDirectory?: string
  /** What stored bytes survive: see Durability of @bae/storage. */
  readonly durability: Durability
  /** When chunks are proven that are read: after an unclean stop at their first read, unless set to always. */
  readonly checkReads: ReadChecks
  /** Where peers may reach us, as libtorrent's listen_interfaces: 'ADDRESS:PORT', several with commas. */
  readonly listenInterfaces: string
  /** What a service does at a time: see ServiceLimits. 0 is a limit. */
  readonly activeDownloads: number
  readonly activeSeeds: number
  readonly metadataFetches: number
  /** See ServiceOptions. */
  readonly seed: boolean
  /** Of all torrents together. Unlimited when it is left out, and so is the next. */
  readonly maxDownloadBytesPerSecond?: number
  readonly maxUploadBytesPerSecond?: number
  /** 'forced' talks to nobody in plain text. */
  readonly encryption: 'disabled' | 'enabled' | 'forced'
  /** Ways to find peers, and to ask the router for a port. */
  readonly enableDht: boolean
  readonly enableLsd: boolean
  readonly enableUpnp: boolean
  readonly enableNatPmp: boolean
  /** Left to the command when it is left out. */
  readonly logLevel?: LogLevel
}

/** Which field is of which setting. */
export const fieldOf = {
  library: 'libraryDirectory',
  databaseUrl: 'databaseUrl',
  state: 'stateDirectory',
  capacity: 'capacityBytes',
  remote: 'remoteDirectory',
  durability: 'durability',
  checkReads: 'checkReads',
  listen: 'listenInterfaces',
  activeDownloads: 'activeDownloads',
  activeSeeds: 'activeSeeds',
  metadataFetches: 'metadataFetches',
  seed: 'seed',
  downloadRate: 'maxDownloadBytesPerSecond',
  uploadRate: 'maxUploadBytesPerSecond',
  encryption: 'encryption',
  dht: 'enableDht',
  lsd: 'enableLsd',
  upnp: 'enableUpnp',
  natPmp: 'enableNatPmp',
  logLevel: 'logLevel',
} as const satisfies Readonly<Record<SettingKey, keyof Config>>

export function listensOnLoopbackOnly(listenInterfaces: string): boolean {
  return listenInterfaces.split(',').every((each) => /^(127\.|\[::1\])/.test(each.trim()))
}
