import { createTestTorrent } from '@bae/client/testing'

/** What a run with many torrents is told, as JSON. */
export interface ManyPlan {
  readonly torrents: number
  /** After how many torrents there is a row. */
  readonly step: number
  /** 'library': BaeStorage, chunks in a folder, PostgreSQL. 'files': libtorrent's own disk storage. */
  readonly storage: 'library' | 'files'
  readonly folder: string
  readonly tracker?: string
}

export interface StepCost {
  readonly ms: number
  readonly kibibytes: number
}

/** By what was done: what each torrent of a step cost. */
export interface ManyFigures {
  readonly steps: Readonly<Record<string, readonly StepCost[]>>
  /** Of the process and its database server. */
  readonly idleCpuPercent?: number
  /** From the start of the process until all were restored. */
  readonly openMs?: number
}

/** Torrents of 64 KiB, each with an info hash of its own. */
export function* manyTorrentFiles({ torrents, tracker }: ManyPlan): Generator<Uint8Array> {
  const trackers = tracker === undefined ? [] : [tracker]
  for (const { torrentFile } of manyTorrents(torrents, trackers)) yield torrentFile
}

export function* manyTorrents(count: number, trackers: readonly string[] = []) {
  for (let number = 0; number < count; number++) {
    const name = `number ${number}`
    yield createTestTorrent({ name, trackers, files: { [`${number}.bin`]: 64 * 1024 } })
  }
}

/** What `network` means for both sides: this machine alone. */
export const quietNetwork = {
  enable_dht: false,
  enable_lsd: false,
  enable_upnp: false,
  enable_natpmp: false,
}
