import { describe, expect, it } from 'vitest'
import { ClientError, hasErrorCode } from '../src/errors.js'
import { FakeError } from '../src/testing/index.js'

describe('ClientError', () => {
  it('is known as ours by its brand, carries its code and its cause', () => {
    const cause = new Error('below')
    const error = new ClientError('CLIENT_CLOSED', 'closed', { cause })
    expect(error).toMatchObject({ name: 'ClientError', code: 'CLIENT_CLOSED', cause })
    expect(Symbol.for('bae.error') in error).toBe(true)
    expect(hasErrorCode(error, 'CLIENT_CLOSED')).toBe(true)
  })

  it('is told from errors of other origin', () => {
    expect(hasErrorCode(new FakeError('NATIVE_SESSION_CLOSED', 'x'), 'NATIVE_SESSION_CLOSED')).toBe(true)
    expect(hasErrorCode(new FakeError('NATIVE_SESSION_CLOSED', 'x'), 'CLIENT_CLOSED')).toBe(false)
    expect(hasErrorCode(Object.assign(new Error('x'), { code: 'CLIENT_CLOSED' }), 'CLIENT_CLOSED')).toBe(
      false,
    )
    expect(hasErrorCode({ code: 'CLIENT_CLOSED' }, 'CLIENT_CLOSED')).toBe(false)
  })
})
