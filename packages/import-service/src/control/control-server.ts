import { on, once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { ImportError, isBaeError } from '../errors.js'
import { type ControlReply, encodeMessage, maxRequestBytes } from './control-messages.js'
import { type ControlDeps, findMethod } from './control-methods.js'
import { ControlParams, notUnderstood } from './control-params.js'
import { listenInLibrary } from './control-place.js'
import { LineReader } from './line-reader.js'

export interface ControlServerOptions {
  /** At the same time; each `bae import` that follows is one. */
  readonly maxClients?: number
  /** Who has not asked by then is hung up on. */
  readonly requestWithinMs?: number
  readonly maxRequestBytes?: number
}

const defaults = { maxClients: 256, requestWithinMs: 30_000, maxRequestBytes }
const goodbyeWithinMs = 1_000

/** Answers the commands of other processes for a service that it does not own. */
export class ControlServer implements AsyncDisposable {
  readonly #deps: ControlDeps
  readonly #options: Required<ControlServerOptions>
  readonly #server: Server
  readonly #clients = new Map<Socket, Promise<void>>()
  readonly #closing = new AbortController()
  #removePlace: () => Promise<void> = async () => {}
  #closed: Promise<void> | undefined

  private constructor(deps: ControlDeps, options: ControlServerOptions) {
    this.#deps = deps
    this.#options = { ...defaults, ...options }
    this.#server = createServer((socket) => this.#welcome(socket))
    // One that could not be let in, for want of open files, hears of it; the service goes on. Who opens hears of the rest.
    this.#server.on('error', () => {})
  }

  /** Rejects IMPORT_SERVICE_RUNNING where another process answers for this library. */
  static async open(
    deps: ControlDeps,
    directory: string,
    options: ControlServerOptions = {},
  ): Promise<ControlServer> {
    const server = new ControlServer(deps, options)
    try {
      server.#removePlace = await listenInLibrary(server.#server, directory)
      return server
    } catch (error) {
      await server.close()
      throw error
    }
  }

  /** Tells those who wait that the service ends. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const [removed] = await Promise.allSettled([this.#removePlace()])
    const stopped = once(this.#server, 'close')
    const isListening = this.#server.listening
    this.#server.close()
    this.#closing.abort(unreachable('the service was stopped'))
    // A client that does not read what it is told has to do without, and what hangs is not waited for.
    const ended = Promise.all(this.#clients.values())
    await Promise.race([ended, delay(goodbyeWithinMs, undefined, { ref: false })])
    for (const socket of this.#clients.keys()) socket.destroy()
    if (isListening) await stopped
    if (removed.status === 'rejected') throw removed.reason
  }

  #welcome(socket: Socket): void {
    const isFull = this.#clients.size >= this.#options.maxClients
    const ended = this.#converse(socket, isFull).finally(() => this.#clients.delete(socket))
    this.#clients.set(socket, ended)
  }

  /** Never rejects: what went wrong is told to the client, as long as there is one. */
  async #converse(socket: Socket, isFull: boolean): Promise<void> {
    const gone = new AbortController()
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.once('end', () => gone.abort())
    socket.once('close', () => gone.abort())
    // A broken connection closes, too.
    socket.on('error', () => {})
    const signal = AbortSignal.any([gone.signal, this.#closing.signal])
    try {
      if (isFull) throw unreachable('the service has too many clients at the moment')
      await this.#answer(socket, signal)
    } catch (error) {
      const reason = this.#closing.signal.aborted ? this.#closing.signal.reason : error
      if (!gone.signal.aborted) socket.write(encodeMessage({ error: describe(reason) }))
    }
    // What is still to come of a request that was refused must not break what is written.
    socket.resume()
    socket.end(() => setTimeout(() => socket.destroy(), goodbyeWithinMs).unref())
    await closed
  }

  async #answer(socket: Socket, signal: AbortSignal): Promise<void> {
    const { name, params } = parseRequest(await this.#readRequest(socket, signal))
    // To hear when the client hangs up.
    socket.resume()
    const method = findMethod(name)
    if ('call' in method) {
      // What was begun is done; only nobody waits for it any more.
      const result = await Promise.race([method.call(this.#deps, params, signal), whenAborted(signal)])
      await send(socket, { result }, signal)
      return
    }
    // Nothing is asked of the service before the client has taken what came before.
    for await (const item of method.stream(this.#deps, params, signal)) await send(socket, { item }, signal)
    await send(socket, { end: true }, signal)
  }

  async #readRequest(socket: Socket, signal: AbortSignal): Promise<string> {
    const lines = new LineReader(this.#options.maxRequestBytes)
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(this.#options.requestWithinMs)])
    try {
      for await (const [bytes] of on(socket, 'data', { signal: inTime })) {
        for (const line of lines.push(bytes)) return line
      }
    } catch (error) {
      signal.throwIfAborted()
      throw notUnderstood(error instanceof RangeError ? error.message : 'its end did not come in time')
    }
    throw notUnderstood('it has no end')
  }
}

function unreachable(message: string): ImportError {
  return new ImportError('IMPORT_SERVICE_UNREACHABLE', message)
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function parseRequest(line: string): { readonly name: string; readonly params: ControlParams } {
  const request = parseJson(line)
  if (typeof request !== 'object' || request === null || !('method' in request)) {
    throw notUnderstood('it is no request')
  }
  const params = 'params' in request ? request.params : {}
  return { name: String(request.method), params: new ControlParams(params) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // No request, as any other text.
  }
}

async function send(socket: Socket, reply: ControlReply, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (!socket.write(encodeMessage(reply))) await once(socket, 'drain', { signal })
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  const message = error instanceof Error ? error.message : 'something that is no error was thrown'
  return { code: isBaeError(error) ? error.code : 'INTERNAL', message }
}
