import type { ForeignProgram } from '../foreign-program.js'
import type { TorrentKind } from '../torrent-maker.js'
import { Aria2Peer } from './aria2-peer.js'
import type { StartLeecher } from './leecher.js'
import { LibtorrentPeer } from './libtorrent-peer.js'
import { QbittorrentPeer } from './qbittorrent-peer.js'
import { RtorrentPeer } from './rtorrent-peer.js'
import { TransmissionPeer } from './transmission-peer.js'

export interface ForeignPeer {
  readonly start: StartLeecher
  /** Of which version it can read torrents. */
  readonly kinds: readonly TorrentKind[]
  /** It takes torrents in which two paddings have the same length, and so the same path (BEP 47). */
  readonly takesEqualPaddings: boolean
  /** It writes files of no bytes. */
  readonly writesEmptyFiles: boolean
  /** It can be told whom to dial. */
  readonly dials: boolean
  /** It can be told to refuse encryption. */
  readonly refusesEncryption: boolean
  /** What it calls itself to its peers. */
  readonly calledItself: RegExp
}

const allKinds = ['v1', 'v2', 'hybrid'] as const

export const foreignPeers = {
  aria2: {
    start: Aria2Peer.start,
    kinds: ['v1'],
    takesEqualPaddings: false,
    writesEmptyFiles: true,
    dials: false,
    refusesEncryption: false,
    calledItself: /^aria2/i,
  },
  'transmission-daemon': {
    start: TransmissionPeer.start,
    kinds: ['v1'],
    takesEqualPaddings: false,
    writesEmptyFiles: false,
    dials: false,
    refusesEncryption: false,
    calledItself: /^Transmission/,
  },
  rtorrent: {
    start: RtorrentPeer.start,
    kinds: ['v1', 'hybrid'],
    takesEqualPaddings: false,
    writesEmptyFiles: true,
    dials: true,
    refusesEncryption: true,
    calledItself: /^(rTorrent|libTorrent)/,
  },
  'qbittorrent-nox': {
    start: QbittorrentPeer.start,
    kinds: allKinds,
    takesEqualPaddings: true,
    writesEmptyFiles: true,
    dials: true,
    refusesEncryption: true,
    calledItself: /^qBittorrent/,
  },
  'python3-libtorrent': {
    start: LibtorrentPeer.start,
    kinds: allKinds,
    takesEqualPaddings: true,
    writesEmptyFiles: true,
    dials: true,
    refusesEncryption: true,
    calledItself: /^libtorrent/,
  },
} as const satisfies Partial<Record<ForeignProgram, ForeignPeer>>

export type ForeignPeerProgram = keyof typeof foreignPeers
export const foreignPeerPrograms = Object.keys(foreignPeers) as readonly ForeignPeerProgram[]
