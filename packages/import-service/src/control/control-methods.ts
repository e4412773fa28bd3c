import type { ReloadReport } from '../config/running-config.js'
import { type ImportSource, type ImportSourceDeps, magnetSourceOf, sourceOf } from '../import-source.js'
import { controlProtocol } from './control-messages.js'
import { type ControlParams, notUnderstood } from './control-params.js'
import type { ServiceLike } from './service-like.js'

export interface ControlDeps extends ImportSourceDeps {
  readonly service: ServiceLike
  /** Reads the settings again. */
  readonly reload: () => Promise<ReloadReport>
  /** Of this bae. */
  readonly version: string
}

export interface ControlCall<Result> {
  readonly call: (deps: ControlDeps, params: ControlParams, signal: AbortSignal) => Promise<Result>
}

export interface ControlStream<Item> {
  readonly stream: (deps: ControlDeps, params: ControlParams, signal: AbortSignal) => AsyncIterable<Item>
}

/** Everything that can be asked through the socket. The client takes its types from here, too. */
export const controlMethods = {
  hello: { call: async ({ version }) => ({ protocol: controlProtocol, version }) },
  submit: {
    call: async (deps, params) =>
      deps.service.submit(await readSource(deps, params), {
        peers: params.peers('peers'),
        select: params.texts('select'),
        choose: params.flag('choose'),
        seed: params.flag('seed'),
        paused: params.flag('paused'),
      }),
  },
  get: { call: ({ service }, params) => service.get(params.text('id')) },
  knownFiles: {
    // JSON has no `undefined`.
    call: async (deps, params) =>
      (await deps.service.knownFiles(await readSource(deps, params), { select: params.texts('select') })) ??
      null,
  },
  select: { call: ({ service }, params) => service.select(params.text('id'), params.texts('globs')) },
  pause: { call: ({ service }, params) => service.pause(params.text('id')) },
  resume: { call: ({ service }, params) => service.resume(params.text('id')) },
  recheck: { call: ({ service }, params) => service.recheck(params.text('id')) },
  cancel: {
    call: ({ service }, params) =>
      service.cancel(params.text('id'), { deleteData: params.flag('deleteData') }),
  },
  seed: { call: ({ service }, params) => service.seed(params.text('id'), { on: params.flag('on') }) },
  running: { call: async ({ service }) => service.running() },
  waiting: { call: ({ service }) => service.waiting() },
  reload: { call: ({ reload }) => reload() },
  each: { stream: ({ service }, _, signal) => service.each({ signal }) },
  follow: { stream: ({ service }, params, signal) => service.follow(params.text('id'), { signal }) },
  events: {
    stream: ({ service }, params, signal) => {
      const after = params.optionalCount('after')
      return service.events({ ...(after !== undefined && { after }), follow: params.flag('follow'), signal })
    },
  },
} satisfies Readonly<Record<string, ControlCall<unknown> | ControlStream<unknown>>>

type ControlMethods = typeof controlMethods

export type CallName = {
  [Name in keyof ControlMethods]: ControlMethods[Name] extends ControlCall<unknown> ? Name : never
}[keyof ControlMethods]

export type StreamName = Exclude<keyof ControlMethods, CallName>

export type CallResult<Name extends CallName> =
  ControlMethods[Name] extends ControlCall<infer Result> ? Result : never

export type StreamItem<Name extends StreamName> =
  ControlMethods[Name] extends ControlStream<infer Item> ? Item : never

export function findMethod(name: string): ControlCall<unknown> | ControlStream<unknown> {
  if (Object.hasOwn(controlMethods, name)) return controlMethods[name as keyof ControlMethods]
  throw notUnderstood(`there is no method '${name}'`)
}

async function readSource(deps: ControlDeps, params: ControlParams): Promise<ImportSource> {
  const magnetUri = params.optionalText('magnetUri')
  if (magnetUri !== undefined) return magnetSourceOf(deps, magnetUri)
  const bytes = new Uint8Array(Buffer.from(params.text('torrentFile'), 'base64'))
  return sourceOf(bytes, await deps.parseTorrentFile(bytes))
}
