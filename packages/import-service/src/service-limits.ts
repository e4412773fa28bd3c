import { ImportError } from './errors.js'

/** How much a service does at a time. What does not fit waits for its turn. */
export interface ServiceLimits {
  /** Imports that download or are verified. */
  readonly activeDownloads: number
  readonly activeSeeds: number
  /** Magnet links that ask peers what they are about. They take no place of a download. */
  readonly metadataFetches: number
}

export const DEFAULT_SERVICE_LIMITS: ServiceLimits = {
  activeDownloads: 5,
  activeSeeds: 200,
  metadataFetches: 10,
}

export interface ServiceOptions {
  readonly limits: Partial<ServiceLimits>
  /** Whether all that is submitted goes on giving to others when it is complete, and not only what says so. */
  readonly seed: boolean
  /** How often a service looks for what other processes left, and what is to be tried again. */
  readonly pollMs: number
  /** An import that nobody brought anything of for so long gives its turn to one that waits. */
  readonly stalledAfterMs: number
}

export const DEFAULT_SERVICE_OPTIONS: ServiceOptions = {
  limits: {},
  seed: false,
  pollMs: 5_000,
  stalledAfterMs: 120_000,
}

/** Throws IMPORT_USAGE for what is no limit. Zero is one: nothing of that kind begins. */
export function changedLimits(limits: ServiceLimits, change: Partial<ServiceLimits>): ServiceLimits {
  for (const [name, value] of Object.entries(change)) {
    if (Number.isSafeInteger(value) && value >= 0) continue
    throw new ImportError('IMPORT_USAGE', `${name} must be a whole number from 0, not ${value}`)
  }
  return { ...limits, ...change }
}
