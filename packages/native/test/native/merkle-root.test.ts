import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { merkleRoot } from '../../src/index.js'

const leaf = (at: number) => createHash('sha256').update(String(at)).digest()
const pair = (left: Uint8Array, right: Uint8Array) => createHash('sha256').update(left).update(right).digest()
const bytesOf = (...digests: Uint8Array[]) => new Uint8Array(Buffer.concat(digests))
const none = new Uint8Array(32)

it('is the root over leaves, of which missing ones are zeroes', () => {
  const missing = pair(none, none)
  expect(merkleRoot(bytesOf(leaf(1)), 1)).toEqual(bytesOf(leaf(1)))
  expect(merkleRoot(bytesOf(leaf(1), leaf(2)), 2)).toEqual(bytesOf(pair(leaf(1), leaf(2))))
  const three = pair(pair(leaf(1), leaf(2)), pair(leaf(3), none))
  expect(merkleRoot(bytesOf(leaf(1), leaf(2), leaf(3)), 4)).toEqual(bytesOf(three))
  expect(merkleRoot(bytesOf(leaf(1), leaf(2), leaf(3)), 8)).toEqual(
    bytesOf(pair(three, pair(missing, missing))),
  )
  expect(merkleRoot(new Uint8Array(0), 4)).toEqual(bytesOf(pair(missing, missing)))
})

it('refuses what is no tree', () => {
  const refused = expect.objectContaining({ code: 'NATIVE_INVALID_ARGUMENT' })
  expect(() => merkleRoot(bytesOf(leaf(1)), 3)).toThrow(refused)
  expect(() => merkleRoot(bytesOf(leaf(1)), 0)).toThrow(refused)
  expect(() => merkleRoot(bytesOf(leaf(1), leaf(2)), 1)).toThrow(refused)
  expect(() => merkleRoot(new Uint8Array(31), 1)).toThrow(refused)
  expect(() => merkleRoot('leaves' as unknown as Uint8Array, 1)).toThrow(refused)
})
