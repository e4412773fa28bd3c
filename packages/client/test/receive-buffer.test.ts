import { expect, it } from 'vitest'
import { receiveBufferSettings } from '../src/receive-buffer.js'

it('bounds what a peer has waiting in the kernel, where so much may be asked for', () => {
  expect(receiveBufferSettings(4_194_304)).toEqual({ recv_socket_buffer_size: 1_572_864 })
  expect(receiveBufferSettings(1_572_864)).toEqual({ recv_socket_buffer_size: 1_572_864 })
})

it('leaves it to the kernel where it would give less than that, or does not tell', () => {
  // Debian's own.
  expect(receiveBufferSettings(212_992)).toEqual({})
  expect(receiveBufferSettings(undefined)).toEqual({})
})
