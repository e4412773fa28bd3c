import type { NetworkOptions } from '@bae/client'
import { type Config, listensOnLoopbackOnly } from './config/config.js'

/** Peers that are named may share an address: two behind one router, or all on this machine. */
const anyNetwork: NetworkOptions = { settings: { allow_multiple_connections_per_ip: true } }

/** Neither listens to nor asks anybody beyond this machine. */
export const loopbackNetwork: NetworkOptions = {
  ...anyNetwork,
  listenInterfaces: '127.0.0.1:0',
  enableDht: false,
  enableLsd: false,
  enableUpnp: false,
  enableNatPmp: false,
  enableIncomingUtp: false,
}

/** All of it is said, so that it is also what changes a session that runs. */
export function networkOf(config: Config): NetworkOptions {
  const { listenInterfaces, encryption, enableDht, enableLsd, enableUpnp, enableNatPmp } = config
  const { maxDownloadBytesPerSecond = 0, maxUploadBytesPerSecond = 0 } = config
  return {
    ...anyNetwork,
    listenInterfaces,
    encryption,
    enableDht,
    enableLsd,
    enableUpnp,
    enableNatPmp,
    maxDownloadBytesPerSecond,
    maxUploadBytesPerSecond,
    // uTP yields to other traffic; on loopback it only makes a transfer stall.
    enableIncomingUtp: !listensOnLoopbackOnly(listenInterfaces),
  }
}
