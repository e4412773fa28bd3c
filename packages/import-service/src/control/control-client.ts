import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { AbortOptions } from '@bae/storage'
import { ImportError, type ImportErrorCode, isBaeError, systemErrorCode } from '../errors.js'
import type { EventOptions } from '../event-feed.js'
import type { ImportSource } from '../import-source.js'
import type { SubmitOptions } from '../submit-import.js'
import { type ControlReply, controlProtocol, encodeMessage, maxReplyBytes } from './control-messages.js'
import type { CallName, CallResult, StreamItem, StreamName } from './control-methods.js'
import { findControlSocket, isDead } from './control-place.js'
import { LineReader } from './line-reader.js'
import type { ImportControls } from './service-like.js'

export interface ConnectOptions extends AbortOptions {
  /** How long a service may take to say that it is there; 5 s unless set. */
  readonly answerWithinMs?: number
  /** How long one may take to do what it is asked; 2 minutes unless set. */
  readonly doneWithinMs?: number
}

/** More than a service waits for a database, a disk and another process that has the import. */
const doneWithinMs = 120_000
/** To delete what is stored takes as long as there are chunks. */
const deletedWithinMs = 3_600_000

interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly withinMs?: number
}

/** Marks what failed in the service and not on the way to it. */
const unexpectedInService = Symbol('unexpected in the service')

type Params = Readonly<Record<string, unknown>>

/**
 * The service of a library in another process. Errors come back with their code, as ImportError. Aborting a call ends the
 * wait alone, as does IMPORT_SERVICE_UNREACHABLE for one that takes too long: what the service has begun it does.
 */
export class ControlClient implements ImportControls {
  readonly #path: string
  readonly #directory: string
  readonly #doneWithinMs: number

  private constructor(path: string, directory: string, options: ConnectOptions) {
    this.#path = path
    this.#directory = directory
    this.#doneWithinMs = options.doneWithinMs ?? doneWithinMs
  }

  /**
   * `undefined` where no service runs. Rejects IMPORT_SERVICE_UNREACHABLE where one is there that does not answer, or
   * may not be asked, and IMPORT_SERVICE_REQUEST where it is of another version.
   */
  static async find(directory: string, options: ConnectOptions = {}): Promise<ControlClient | undefined> {
    const path = await findControlSocket(directory)
    if (path === undefined) return undefined
    const { signal, answerWithinMs: withinMs = 5_000 } = options
    const client = new ControlClient(path, directory, options)
    try {
      const { protocol, version } = await client.#call('hello', {}, { signal, withinMs })
      if (protocol === controlProtocol) return client
      throw new ImportError('IMPORT_SERVICE_REQUEST', `the service is bae ${version}, of another version`)
    } catch (error) {
      if (error instanceof Error && isDead(error.cause)) return undefined
      throw error
    }
  }

  submit(source: ImportSource, { signal, ...options }: SubmitOptions & AbortOptions = {}) {
    return this.#call('submit', { ...options, ...sourceParams(source) }, { signal })
  }

  async knownFiles(
    source: ImportSource,
    { signal, ...options }: Pick<SubmitOptions, 'select'> & AbortOptions = {},
  ) {
    const params = { ...options, ...sourceParams(source) }
    return (await this.#call('knownFiles', params, { signal })) ?? undefined
  }

  get(id: string, options: AbortOptions = {}) {
    return this.#call('get', { id }, options)
  }

  select(id: string, globs: readonly string[], options: AbortOptions = {}) {
    return this.#call('select', { id, globs }, options)
  }

  pause(id: string, options: AbortOptions = {}) {
    return this.#call('pause', { id }, options)
  }

  resume(id: string, options: AbortOptions = {}) {
    return this.#call('resume', { id }, options)
  }

  recheck(id: string, options: AbortOptions = {}) {
    return this.#call('recheck', { id }, options)
  }

  cancel(id: string, { deleteData, signal }: { readonly deleteData: boolean } & AbortOptions) {
    return this.#call(
      'cancel',
      { id, deleteData },
      { signal, ...(deleteData && { withinMs: deletedWithinMs }) },
    )
  }

  seed(id: string, { on, signal }: { readonly on: boolean } & AbortOptions) {
    return this.#call('seed', { id, on }, { signal })
  }

  running(options: AbortOptions = {}) {
    return this.#call('running', {}, options)
  }

  waiting(options: AbortOptions = {}) {
    return this.#call('waiting', {}, options)
  }

  reload(options: AbortOptions = {}) {
    return this.#call('reload', {}, options)
  }

  each(options: AbortOptions = {}) {
    return this.#stream('each', {}, options.signal)
  }

  follow(id: string, options: AbortOptions = {}) {
    return this.#stream('follow', { id }, options.signal)
  }

  events({ signal, ...params }: EventOptions = {}) {
    return this.#stream('events', params, signal)
  }

  async #call<Name extends CallName>(
    method: Name,
    params: Params,
    { signal, withinMs = this.#doneWithinMs }: CallOptions,
  ): Promise<CallResult<Name>> {
    const late = AbortSignal.timeout(withinMs)
    try {
      for await (const reply of this.#ask(method, params, signal ? AbortSignal.any([signal, late]) : late)) {
        if ('result' in reply) return reply.result as CallResult<Name>
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (!late.aborted) throw error
      throw unreachable(
        `the service of ${this.#directory} does not answer within ${withinMs / 1000} s`,
        error,
      )
    }
    throw unreachable('the service went away before it answered')
  }

  async *#stream<Name extends StreamName>(
    method: Name,
    params: Params,
    signal?: AbortSignal,
  ): AsyncIterable<StreamItem<Name>> {
    for await (const reply of this.#ask(method, params, signal)) {
      if ('end' in reply) return
      if ('item' in reply) yield reply.item as StreamItem<Name>
    }
    throw unreachable('the service went away')
  }

  /** Reads no faster than it is asked to, and hangs up when it is left. */
  async *#ask(method: string, params: Params, signal?: AbortSignal): AsyncIterable<ControlReply> {
    signal?.throwIfAborted()
    const socket = connect(this.#path)
    const stop = (): unknown => socket.destroy(new Error('cancelled'))
    signal?.addEventListener('abort', stop)
    try {
      await once(socket, 'connect')
      socket.write(encodeMessage({ method, params }))
      yield* repliesOf(socket)
    } catch (error) {
      signal?.throwIfAborted()
      throw isToldByService(error) ? error : unreachable(whyOf(error), error)
    } finally {
      signal?.removeEventListener('abort', stop)
      socket.destroy()
    }
  }
}

function sourceParams({ torrent }: ImportSource): Params {
  if ('magnetUri' in torrent) return { magnetUri: torrent.magnetUri }
  return { torrentFile: Buffer.from(torrent.torrentFile).toString('base64') }
}

async function* repliesOf(socket: Socket): AsyncIterable<ControlReply> {
  const lines = new LineReader(maxReplyBytes)
  for await (const bytes of socket) {
    for (const line of lines.push(bytes)) {
      const reply = JSON.parse(line) as ControlReply
      if ('error' in reply) throw failureOf(reply.error)
      yield reply
    }
  }
}

/** The code is one of any package of ours; who has no code was not expected by the service either. */
function failureOf({ code, message }: { readonly code: string; readonly message: string }): Error {
  return code === 'INTERNAL' ? unexpected(message) : new ImportError(code as ImportErrorCode, message)
}

/** Told as what it is at the command line, without a code of ours. */
function unexpected(message: string): Error {
  return new Error(`in the service: ${message}`, { cause: unexpectedInService })
}

function isToldByService(error: unknown): boolean {
  return isBaeError(error) || (error instanceof Error && error.cause === unexpectedInService)
}

function whyOf(error: unknown): string {
  const code = systemErrorCode(error)
  if (isDead(error)) return 'the service is gone'
  if (code === 'EACCES' || code === 'EPERM') return 'the service of this library belongs to another user'
  return 'the connection to the service broke'
}

function unreachable(message: string, cause?: unknown): ImportError {
  return new ImportError('IMPORT_SERVICE_UNREACHABLE', message, { cause })
}
