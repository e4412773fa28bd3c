import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** From 32,768 on Linux gives ports to whoever asks for any, and to every connection: one of those may be taken at once. */
const ports = [10_000, 32_768] as const

/** Whoever gets a port takes seconds to listen there: until then it seems free. No two workers look at the same ports. */
const workers = 16
const worker = Number(process.env.VITEST_POOL_ID ?? 0) % workers
const given = new Set<number>()

/** A port of 127.0.0.1 that was free a moment ago and that nobody else got, for programs that cannot pick one and tell. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports[0] / workers, ports[1] / workers) * workers + worker
    if (given.has(port)) continue
    given.add(port)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue
      throw error
    }
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Whether something listens there. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
