import { expect, it } from 'vitest'
import { askedInOrder } from '../src/fetch-order.js'

it('the less may be unfinished, the less is asked of each peer, within limits', () => {
  const network = { listenInterfaces: '127.0.0.1:0', settings: { enable_dht: false } }
  const blocksAt = (unfinishedBytes: number): unknown =>
    askedInOrder(network, unfinishedBytes).settings?.max_out_request_queue
  expect([1 << 20, 64 << 20, 16 * 2 ** 30].map(blocksAt)).toEqual([16, 128, 500])
  expect(askedInOrder(network, 1 << 20)).toMatchObject(network)
  expect(askedInOrder(network, undefined)).toBe(network)
})
