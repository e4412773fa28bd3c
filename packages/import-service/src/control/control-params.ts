import type { PeerAddress } from '@bae/client'
import { ImportError } from '../errors.js'

/** What a client sent along with a method. It may be of another version of bae, so nothing is believed. */
export class ControlParams {
  readonly #values: ReadonlyMap<string, unknown>

  constructor(params: unknown) {
    if (typeof params !== 'object' || params === null) throw notUnderstood('params is no object')
    this.#values = new Map(Object.entries(params))
  }

  text(name: string): string {
    return this.#expect(name, this.optionalText(name))
  }

  optionalText(name: string): string | undefined {
    return this.#optional(name, (value) => typeof value === 'string')
  }

  flag(name: string): boolean {
    return this.#optional(name, (value) => typeof value === 'boolean') ?? false
  }

  optionalCount(name: string): number | undefined {
    return this.#optional(name, (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0)
  }

  texts(name: string): readonly string[] {
    return this.#optional(name, isTexts) ?? []
  }

  peers(name: string): readonly PeerAddress[] {
    return this.#optional(name, isPeers) ?? []
  }

  #optional<T>(name: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.#values.get(name)
    if (value === undefined || is(value)) return value
    throw notUnderstood(`${name} has another type`)
  }

  #expect<T>(name: string, value: T | undefined): T {
    if (value !== undefined) return value
    throw notUnderstood(`${name} is missing`)
  }
}

export function notUnderstood(why: string): ImportError {
  return new ImportError('IMPORT_SERVICE_REQUEST', `the service does not understand what was asked: ${why}`)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isPeers(value: unknown): value is readonly PeerAddress[] {
  return Array.isArray(value) && value.every(isPeer)
}

function isPeer(value: unknown): boolean {
  const { host, port } = (value ?? {}) as Partial<Record<keyof PeerAddress, unknown>>
  return typeof host === 'string' && Number.isInteger(port) && Number(port) > 0 && Number(port) <= 65_535
}
