import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ImportState } from '../src/database/import-state.js'
import { type ImportCause, importCauses, importStates, nextState } from '../src/import-machine.js'
import './support/same-examples.js'

/** All that can be reached from a state. */
function reachable(from: ImportState): ReadonlySet<ImportState> {
  const reached = new Set([from])
  for (const state of reached) {
    for (const cause of importCauses) {
      const next = nextState(state, cause)
      if (next !== undefined) reached.add(next)
    }
  }
  return reached
}

describe('the states of an import', () => {
  it.each(importStates)('%s has a way to completed and to cancelled', (state) => {
    expect([...reachable(state)]).toEqual(expect.arrayContaining(['completed', 'cancelled']))
  })

  it.each(importStates)('%s is reached from queued', (state) => {
    expect(reachable('queued')).toContain(state)
  })

  it.each(importStates)('%s is left by something, and a user can end it', (state) => {
    const causes = importCauses.filter((cause) => nextState(state, cause) !== undefined)
    expect(causes.some((cause) => nextState(state, cause) !== state)).toBe(true)
    expect(state === 'cancelled' || causes.includes('cancelled')).toBe(true)
  })

  it('however it is led, goes on to completed from where it stands', () => {
    const walk = fc.array(fc.constantFrom(...importCauses), { maxLength: 60 })
    fc.assert(
      fc.property(fc.constantFrom(...importStates), walk, (start, causes) => {
        const end = causes.reduce((state, cause) => nextState(state, cause) ?? state, start)
        expect(walkToCompleted(end)).toBe('completed')
      }),
    )
  })

  it('that are over do nothing by themselves', () => {
    const byItself: readonly ImportCause[] = [
      'began',
      'finished',
      'stalled',
      'failed',
      'full',
      'away',
      'roomy',
    ]
    for (const state of ['completed', 'cancelled'] as const) {
      expect(byItself.filter((cause) => nextState(state, cause) !== undefined)).toEqual([])
    }
  })

  it('never let one that a user paused begin', () => {
    for (const cause of ['began', 'finished', 'seeded', 'stalled'] as const) {
      expect(nextState('paused', cause)).toBeUndefined()
    }
  })
})

/** What a service and its user would do about each state. */
function walkToCompleted(from: ImportState): ImportState {
  const next: { readonly [state in ImportState]: ImportCause } = {
    queued: 'began',
    fetchingMetadata: 'queued',
    choosingFiles: 'queued',
    downloading: 'finished',
    verifying: 'finished',
    completed: 'checked',
    seeding: 'unseeded',
    paused: 'queued',
    failed: 'queued',
    cancelled: 'queued',
  }
  let state = from
  for (let steps = 0; state !== 'completed' && steps < importStates.length; steps += 1) {
    state = nextState(state, next[state]) ?? state
  }
  return state
}
