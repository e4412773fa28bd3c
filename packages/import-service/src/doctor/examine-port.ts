import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { systemErrorCode } from '../errors.js'
import { reasonOf } from './describe-failure.js'
import type { DoctorItem } from './doctor-item.js'

interface Place {
  readonly host: string
  readonly port: number
}

/** Whether peers can reach an import where it wants to listen. */
export async function examinePort(interfaces: string): Promise<DoctorItem> {
  const name = 'port'
  const taken: string[] = []
  const strange: string[] = []
  for (const text of interfaces.split(',').map((each) => each.trim())) {
    const place = parsePlace(text)
    if (place === undefined) continue
    const failure = await tryToListen(place)
    if (failure === undefined) continue
    // A machine without IPv6 has nothing there that could be in use.
    if (failure === 'EAFNOSUPPORT' || (failure === 'EADDRNOTAVAIL' && place.host === '::')) continue
    if (failure === 'EADDRINUSE') taken.push(text)
    else strange.push(`${text} (${failure === 'EADDRNOTAVAIL' ? 'no address of this machine' : failure})`)
  }
  if (strange.length > 0) {
    const advice = 'set BAE_LISTEN to ADDRESS:PORT with an address of this machine and a port from 1024 on'
    const detail = `nothing can listen at ${strange.join(', ')}: peers do not reach an import there`
    return { name, status: 'warn', detail, advice }
  }
  if (taken.length === 0) return { name, status: 'ok', detail: `${interfaces} is free` }
  return {
    name,
    status: 'warn',
    detail: `${taken.join(', ')} is in use, perhaps by another import: peers will find another port`,
    advice: 'set BAE_LISTEN to ADDRESS:PORT with a port that is free, and let routers forward that',
  }
}

/** `undefined` for names of network devices, which libtorrent takes as well. */
function parsePlace(text: string): Place | undefined {
  const [, six, four, port] = /^(?:\[([0-9a-f:.]+)\]|([\d.]+)):(\d+)/i.exec(text) ?? []
  const host = six ?? four
  return host === undefined ? undefined : { host, port: Number(port) }
}

/** By TCP, then by UDP, which uTP and the DHT need. */
async function tryToListen(place: Place): Promise<string | undefined> {
  return (await tryToAccept(place)) ?? (await tryToReceive(place))
}

async function tryToReceive({ host, port }: Place): Promise<string | undefined> {
  const isSix = host.includes(':')
  const socket = createSocket({ type: isSix ? 'udp6' : 'udp4', ipv6Only: isSix })
  try {
    socket.bind({ address: host, port, exclusive: true })
    await once(socket, 'listening')
    return undefined
  } catch (error) {
    return systemErrorCode(error) ?? reasonOf(error)
  } finally {
    socket.close()
  }
}

async function tryToAccept({ host, port }: Place): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true, ipv6Only: host.includes(':') })
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return systemErrorCode(error) ?? reasonOf(error)
  } finally {
    server.close()
  }
}
