import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ImportError } from '../src/errors.js'
import { outcomeOf } from '../src/failure-outcome.js'
import { importStates, nextState } from '../src/import-machine.js'
import { classifiedCodes, failureKind, retryDelayMs } from '../src/retry-policy.js'
import { failureOf } from './support/failures.js'
import './support/same-examples.js'

const facts = { nowMs: 1_000, random: 0, brought: false }

describe('a wait before the next attempt', () => {
  it('doubles from 5 s to 15 min', () => {
    const waits = [1, 2, 3, 7, 8, 9, 500].map((attempts) => retryDelayMs(attempts, 0))
    expect(waits).toEqual([5_000, 10_000, 20_000, 320_000, 640_000, 900_000, 900_000])
  })

  it('is up to a fifth shorter, so that many do not come together', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempts, random) => {
          const longest = retryDelayMs(attempts, 0)
          const wait = retryDelayMs(attempts, random)
          expect(wait).toBeLessThanOrEqual(longest)
          expect(wait).toBeGreaterThanOrEqual(0.8 * longest - 1)
        },
      ),
    )
  })
})

describe('an error', () => {
  it.each([
    ['STORAGE_UNAVAILABLE', 'passing'],
    ['NATIVE_REQUEST_ABORTED', 'passing'],
    ['STORAGE_NO_SPACE', 'noSpace'],
    ['STORAGE_DATABASE_UNAVAILABLE', 'databaseAway'],
    ['STORAGE_FENCED', 'lost'],
    ['IMPORT_LEASE_LOST', 'lost'],
    ['NATIVE_INVALID_TORRENT', 'lasting'],
    ['IMPORT_DUPLICATE', 'lasting'],
    ['IMPORT_USAGE', 'lasting'],
  ])('%s is %s', (code, kind) => {
    expect(failureKind(failureOf(code))).toBe(kind)
  })

  it('that is none of ours is lasting, whatever its code', () => {
    expect(failureKind(Object.assign(new Error('x'), { code: 'STORAGE_IO' }))).toBe('lasting')
    expect(failureKind(new TypeError('x'))).toBe('lasting')
  })

  it('always leads a running import to a state of the machine', () => {
    const running = importStates.filter(
      (state) => !['completed', 'cancelled', 'failed', 'choosingFiles'].includes(state),
    )
    for (const state of running) {
      for (const code of [...classifiedCodes, 'NATIVE_INVALID_TORRENT']) {
        const outcome = outcomeOf(failureOf(code), { state }, facts)
        // Only what downloads or asks for metadata is said to be stalled.
        if (outcome === undefined || outcome.cause === 'stalled') continue
        expect([state, code, nextState(state, outcome.cause)]).not.toContain(undefined)
      }
    }
  })
})

describe('what becomes of an import that failed', () => {
  it('counts attempts, and begins anew once something came', () => {
    const retry = { attempts: 3, atMs: 0 }
    const record = { state: 'downloading', retry } as const
    const failure = failureOf('STORAGE_IO')
    expect(outcomeOf(failure, record, facts)?.change.retry).toEqual({ attempts: 4, atMs: 41_000 })
    expect(outcomeOf(failure, record, { ...facts, brought: true })?.change.retry?.attempts).toBe(1)
  })

  it('is not tried again after what lasts, and says what it was', () => {
    const failure = new ImportError('IMPORT_INVALID_SOURCE', 'no torrent')
    const error = { code: 'IMPORT_INVALID_SOURCE', message: 'no torrent' }
    expect(outcomeOf(failure, { state: 'downloading' }, facts)).toEqual({
      cause: 'failed',
      change: { error, retry: { attempts: 1 } },
      error,
    })
  })

  it('stays a check, or a seed, after what passes', () => {
    const outcome = outcomeOf(failureOf('STORAGE_NO_SPACE'), { state: 'verifying' }, facts)
    expect(outcome).toMatchObject({ cause: 'delayed', change: { retry: { atMs: 6_000 } } })
  })
})
