/** All that is told of a setting: errors, help, the manual page and the documents are made of this. */
export interface Setting {
  readonly variable: string
  /** What it is, and what it may be. */
  readonly text: string
  /** The value when nobody says one. Where what it is depends on more, `otherwise` says on what. */
  readonly initially?: string
  readonly otherwise?: string
  /** A running service takes a new value. The others need a restart. */
  readonly isLive?: true
  /** Never shown as it is. */
  readonly isSecret?: true
}

const unlessLoopback = 'on; off where listen has addresses of the loopback alone'

/** In the order in which they are shown. What values they take is in schema.ts. */
export const settings = {
  library: {
    variable: 'BAE_LIBRARY',
    text: 'the folder of the library',
    otherwise: 'bae in the XDG data folder; /var/lib/bae for root',
  },
  databaseUrl: {
    variable: 'BAE_DATABASE_URL',
    text: "a PostgreSQL server, postgres://..., to use in place of the library's own",
    otherwise: 'the library has a server of its own',
    isSecret: true,
  },
  state: {
    variable: 'BAE_STATE',
    text: "a folder on a local disk for the data of the library's own server",
    otherwise: 'in the library',
  },
  capacity: {
    variable: 'BAE_CAPACITY',
    text: "how much the library's folder may hold, such as 200 GiB, or unlimited",
    initially: 'unlimited',
  },
  remote: {
    variable: 'BAE_REMOTE',
    text: 'a folder on another disk for what the library has no room for',
    otherwise: 'none',
  },
  durability: {
    variable: 'BAE_DURABILITY',
    text: 'process or power: what stored bytes survive',
    initially: 'process',
  },
  checkReads: {
    variable: 'BAE_CHECK_READS',
    text: 'always: prove each chunk whenever it is read; first: after an unclean stop, at its first read',
    initially: 'first',
  },
  listen: {
    variable: 'BAE_LISTEN',
    text: 'ADDRESS:PORT where peers may reach it, several with commas',
    initially: '0.0.0.0:6881,[::]:6881',
    isLive: true,
  },
  activeDownloads: {
    variable: 'BAE_ACTIVE_DOWNLOADS',
    text: 'how many imports a service downloads or verifies at a time',
    initially: '5',
    isLive: true,
  },
  activeSeeds: {
    variable: 'BAE_ACTIVE_SEEDS',
    text: 'how many it gives to others at a time',
    initially: '200',
    isLive: true,
  },
  metadataFetches: {
    variable: 'BAE_METADATA_FETCHES',
    text: 'of how many magnet links it asks peers at a time what they are about',
    initially: '10',
    isLive: true,
  },
  seed: {
    variable: 'BAE_SEED',
    text: 'on or off: every import that is handed over goes on giving to others when it is complete',
    initially: 'off',
    isLive: true,
  },
  downloadRate: {
    variable: 'BAE_DOWNLOAD_RATE',
    text: 'how fast all torrents together may fetch, such as 10 MiB/s, or unlimited',
    initially: 'unlimited',
    isLive: true,
  },
  uploadRate: {
    variable: 'BAE_UPLOAD_RATE',
    text: 'how fast all torrents together may give, such as 1 MiB/s, or unlimited',
    initially: 'unlimited',
    isLive: true,
  },
  encryption: {
    variable: 'BAE_ENCRYPTION',
    text: 'disabled, enabled, or forced: talk to no peer in plain text',
    initially: 'enabled',
    isLive: true,
  },
  dht: {
    variable: 'BAE_DHT',
    text: 'on or off: find peers in the distributed hash table',
    otherwise: unlessLoopback,
    isLive: true,
  },
  lsd: {
    variable: 'BAE_LSD',
    text: 'on or off: find peers in the local network',
    otherwise: unlessLoopback,
    isLive: true,
  },
  upnp: {
    variable: 'BAE_UPNP',
    text: 'on or off: ask the router for a port by UPnP',
    otherwise: unlessLoopback,
    isLive: true,
  },
  natPmp: {
    variable: 'BAE_NAT_PMP',
    text: 'on or off: ask the router for a port by NAT-PMP and PCP',
    otherwise: unlessLoopback,
    isLive: true,
  },
  logLevel: {
    variable: 'BAE_LOG_LEVEL',
    text: 'debug, info, warn, error or silent: what is told at stderr beside results',
    otherwise: 'info for a service, silent for other commands',
    isLive: true,
  },
} as const satisfies Readonly<Record<string, Setting>>

export type SettingKey = keyof typeof settings

export const settingKeys = Object.keys(settings) as readonly SettingKey[]

export function settingOf(key: SettingKey): Setting {
  return settings[key]
}

/** Variables that say something else than a setting. */
export const otherVariables = ['BAE_CONFIG', 'BAE_DEBUG', 'BAE_COMMAND'] as const
