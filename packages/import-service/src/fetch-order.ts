import type { NetworkOptions } from '@bae/client'

/** What may be asked of one peer at a time: libtorrent's own limit, and as little as still is quick. */
const mostBlocks = 500
const fewestBlocks = 16

const blockBytes = 16_384

/** Peers that may each be in the middle of a part of their own. */
const peers = 32

/**
 * For a library that may have only `unfinishedBytes` of unfinished parts, of torrents that are larger: so little is
 * asked of each peer that what all of them bring at a time, in the order of the pieces, fits.
 */
export function askedInOrder(network: NetworkOptions, unfinishedBytes: number | undefined): NetworkOptions {
  if (unfinishedBytes === undefined) return network
  const blocks = Math.floor(unfinishedBytes / blockBytes / peers)
  const max_out_request_queue = Math.min(mostBlocks, Math.max(fewestBlocks, blocks))
  return { ...network, settings: { ...network.settings, max_out_request_queue } }
}
