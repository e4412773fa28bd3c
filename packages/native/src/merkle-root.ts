import { rethrow } from './errors.js'
import { loadBinding } from './load-binding.js'

/**
 * The root of a merkle tree `width` leaves wide, a power of two, over SHA-256 digests of 32 bytes each; missing ones
 * are zeroes (BEP 52). Throws NATIVE_INVALID_ARGUMENT.
 */
export function merkleRoot(leaves: Uint8Array, width: number): Uint8Array {
  const addon = loadBinding()
  return rethrow(() => addon.merkleRoot(leaves, width))
}
