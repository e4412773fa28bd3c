import type { PeerStatus } from '@bae/native'
import type { HeldTorrent } from './held-torrent.js'
import type { PeerAddress } from './torrent-options.js'

/** Whom a torrent can dial before a tracker answers: after a restart, or when everybody was hung up on. */
export class KnownPeers {
  readonly #torrent: HeldTorrent
  #last: readonly PeerAddress[]

  constructor(torrent: HeldTorrent, before: readonly PeerAddress[] = []) {
    this.#torrent = torrent
    this.#last = before
  }

  /** Of a private torrent none: its trackers name them anew (BEP 27). */
  get addresses(): readonly PeerAddress[] {
    return this.#torrent.torrent.isPrivate ? [] : this.#last
  }

  /** As they are now, where the torrent has any: a torrent that lost them all for a moment still knows them. */
  look(): readonly PeerAddress[] {
    if (this.#torrent.progress.status.peers > 0) {
      const peers = this.#torrent.withSession((session, handle) => session.torrentPeers(handle)) ?? []
      const addresses = peers.filter(isDialled).flatMap(({ peer }) => addressOf(peer))
      if (addresses.length > 0) this.#last = addresses
    }
    return this.addresses
  }
}

/** Who came by itself did so from a port that nobody listens at. */
function isDialled({ outgoing, connecting, connection }: PeerStatus): boolean {
  return outgoing && !connecting && connection === 'bittorrent'
}

function addressOf(peer: string): readonly PeerAddress[] {
  const [, host, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(peer) ?? []
  return host === undefined ? [] : [{ host, port: Number(port) }]
}
