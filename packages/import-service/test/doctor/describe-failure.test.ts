import { expect, it } from 'vitest'
import { messageOf } from '../../src/doctor/describe-failure.js'

it('what a server wrote in several lines is said in one', () => {
  const error = new Error('it does not start: FATAL: no\n  DETAIL: why\n')
  expect(messageOf(error)).toBe('it does not start: FATAL: no DETAIL: why')
})
