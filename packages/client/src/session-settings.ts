import type { SessionSettings } from '@bae/native'
import type { IpFilter } from './ip-filter.js'
import { readLargestReceiveBuffer, receiveBufferSettings } from './receive-buffer.js'

/** How a client meets the network. What is left out stays as libtorrent has it. */
export interface NetworkOptions {
  /** As libtorrent's listen_interfaces, for example '0.0.0.0:6881,[::]:6881'; port 0 takes any free one. */
  readonly listenInterfaces?: string
  /** As libtorrent's outgoing_interfaces: devices or addresses that peers are dialled from, for example 'tun0'. */
  readonly outgoingInterfaces?: string
  /** The distributed hash table (BEP 5). */
  readonly enableDht?: boolean
  /** Nodes that the DHT asks first, as 'host:port'; libtorrent's own when left out, none for []. */
  readonly dhtBootstrapNodes?: readonly string[]
  /** Peers that tell of peers (BEP 11). Of torrents that are added from then on. */
  readonly enablePex?: boolean
  /** Peers of the local network by multicast (BEP 14). */
  readonly enableLsd?: boolean
  /** Asks the router for a port by UPnP. */
  readonly enableUpnp?: boolean
  /** Asks the router for a port by NAT-PMP and PCP. */
  readonly enableNatPmp?: boolean
  /**
   * Dials peers over uTP (BEP 29) first. Off unless set: libtorrent 2.0 would then try uTP with every peer that
   * it knows nothing of, and cannot be told to dial one over TCP. Incoming uTP is always taken.
   */
  readonly enableOutgoingUtp?: boolean
  /** Takes peers that come over uTP. */
  readonly enableIncomingUtp?: boolean
  /** Dials peers over TCP. Without it only those are dialled that are reached over uTP, also by `peers`. */
  readonly enableOutgoingTcp?: boolean
  /** Takes peers that come over TCP. */
  readonly enableIncomingTcp?: boolean
  /** Of all torrents together; 0 is no limit. */
  readonly maxDownloadBytesPerSecond?: number
  readonly maxUploadBytesPerSecond?: number
  /** Of all torrents together. */
  readonly connectionsLimit?: number
  /** Peers of all torrents that are answered at the same time; -1 is no limit. */
  readonly uploadsLimit?: number
  /** 'enabled' takes both kinds and prefers neither; 'forced' talks to nobody in plain text. */
  readonly encryption?: 'disabled' | 'enabled' | 'forced'
  /** Which addresses are no peers of ours. */
  readonly ipFilter?: IpFilter
  /** What trackers and peers are told that this is. */
  readonly userAgent?: string
  /** The first 8 bytes of the peer id, for example '-AB0100-'. */
  readonly peerFingerprint?: string
  /** libtorrent's own setting names; they win over everything else here. */
  readonly settings?: SessionSettings
}

/**
 * What libtorrent's defaults, made for its own disk threads, leave unused when the storage is JavaScript:
 * deep request queues keep a fast peer busy, and a wide send window covers the time a read takes. The window
 * is per peer, so it also bounds what waits in memory to be sent.
 */
export const DEFAULT_SESSION_SETTINGS: SessionSettings = Object.freeze({
  max_out_request_queue: 1000,
  max_allowed_in_request_queue: 2000,
  send_buffer_low_watermark: 512 * 1024,
  send_buffer_watermark: 4 * 1024 * 1024,
  send_buffer_watermark_factor: 150,
  suggest_mode: 0,
  enable_outgoing_utp: false,
  // What may come as a .torrent may come from peers.
  max_metadata_size: 64 * 1024 * 1024,
  metadata_token_limit: 10_000_000,
  ...receiveBufferSettings(readLargestReceiveBuffer()),
})

/** libtorrent's enc_policy and enc_level numbers. */
const ENCRYPTION_SETTINGS: Readonly<Record<'disabled' | 'enabled' | 'forced', SessionSettings>> = {
  disabled: { out_enc_policy: 2, in_enc_policy: 2, allowed_enc_level: 1 },
  enabled: { out_enc_policy: 1, in_enc_policy: 1, allowed_enc_level: 3 },
  forced: { out_enc_policy: 0, in_enc_policy: 0, allowed_enc_level: 2 },
}

/** How a client begins. */
export function sessionSettings(options: NetworkOptions): SessionSettings {
  return { ...DEFAULT_SESSION_SETTINGS, ...changedSettings(options) }
}

/** Only what the options say. */
export function changedSettings(options: NetworkOptions): SessionSettings {
  const named = {
    listen_interfaces: options.listenInterfaces,
    outgoing_interfaces: options.outgoingInterfaces,
    enable_dht: options.enableDht,
    dht_bootstrap_nodes: options.dhtBootstrapNodes?.join(','),
    enable_lsd: options.enableLsd,
    enable_upnp: options.enableUpnp,
    enable_natpmp: options.enableNatPmp,
    enable_outgoing_utp: options.enableOutgoingUtp,
    enable_incoming_utp: options.enableIncomingUtp,
    enable_outgoing_tcp: options.enableOutgoingTcp,
    enable_incoming_tcp: options.enableIncomingTcp,
    download_rate_limit: options.maxDownloadBytesPerSecond,
    upload_rate_limit: options.maxUploadBytesPerSecond,
    connections_limit: options.connectionsLimit,
    unchoke_slots_limit: options.uploadsLimit,
    user_agent: options.userAgent,
    peer_fingerprint: options.peerFingerprint,
  }
  const given = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return {
    ...Object.fromEntries(given),
    ...(options.encryption && ENCRYPTION_SETTINGS[options.encryption]),
    ...options.settings,
  }
}
