import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** `ArrayBuffer.prototype.transfer`: the bytes are in what it returns, and `bytes` has none any more. */
export function transfer(bytes: Uint8Array): ArrayBuffer {
  return Reflect.apply(transferOfThisNode(), bytes.buffer, [])
}

function transferOfThisNode(): () => ArrayBuffer {
  // Node 20 knows it too, where it is asked for.
  if (!('transfer' in ArrayBuffer.prototype)) setFlagsFromString('--harmony-rab-gsab-transfer')
  return runInNewContext('ArrayBuffer.prototype.transfer')
}
