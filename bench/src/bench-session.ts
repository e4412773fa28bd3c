import { createNativeSession, type NativeAlert, type NativeSessionOptions } from '@bae/native'

type Session = Awaited<ReturnType<typeof createNativeSession>>

/** The same for every program that is compared: loopback, TCP, nothing that looks for peers. */
export const benchSettings = {
  enable_dht: false,
  enable_lsd: false,
  enable_upnp: false,
  enable_natpmp: false,
  enable_outgoing_utp: false,
  enable_incoming_utp: false,
  allow_multiple_connections_per_ip: true,
  unchoke_slots_limit: -1,
}

export interface BenchSession {
  readonly session: Session
  /** Settles with the first alert of this type; rejects when the torrent fails. */
  until(type: NativeAlert['type']): Promise<void>
}

export async function openBenchSession(options: Partial<NativeSessionOptions>): Promise<BenchSession> {
  const seen = new Set<NativeAlert['type']>()
  let failure: Error | undefined
  let look = (): void => {}
  const session = await createNativeSession({
    listenInterfaces: '127.0.0.1:0',
    ...options,
    settings: { ...benchSettings, ...options.settings },
    onAlert: (alert) => {
      seen.add(alert.type)
      if (alert.type === 'torrentError') failure = new Error(alert.message)
      look()
    },
  })
  const until = (type: NativeAlert['type']): Promise<void> =>
    new Promise((resolve, reject) => {
      look = () => {
        if (failure !== undefined) reject(failure)
        else if (seen.has(type)) resolve()
      }
      look()
    })
  return { session, until }
}
