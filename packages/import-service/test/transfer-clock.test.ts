import { describe, expect, it } from 'vitest'
import { TransferClock } from '../src/transfer-clock.js'

describe('TransferClock', () => {
  it('is zero when nothing came', () => {
    const clock = new TransferClock()
    clock.observe(0, 1_000)
    clock.observe(0, 9_000)
    expect(clock.seconds).toBe(0)
  })

  it('runs from the last look without payload to the last payload', () => {
    const clock = new TransferClock()
    clock.observe(0, 1_000)
    clock.observe(0, 2_000)
    clock.observe(100, 3_000)
    clock.note(3_500)
    clock.observe(100, 60_000)
    expect(clock.seconds).toBe(1.5)
  })
})
