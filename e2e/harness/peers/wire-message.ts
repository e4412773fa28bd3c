/** The messages of BEP 3 that a seed needs, and nothing more. */
export const messageIds = {
  unchoke: 1,
  interested: 2,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
} as const

const protocol = '\u0013BitTorrent protocol'
export const handshakeBytes = 68

export function handshake(infoHash: Uint8Array, peerId: string): Uint8Array {
  return Buffer.concat([
    Buffer.from(protocol, 'latin1'),
    new Uint8Array(8),
    infoHash,
    Buffer.from(peerId, 'latin1'),
  ])
}

/** False for an encrypted greeting: the caller hangs up, and the other side comes again in plain. */
export function isPlainHandshake(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, protocol.length)).toString('latin1') === protocol
}

export function message(id: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = Buffer.alloc(5 + payload.length)
  bytes.writeUInt32BE(1 + payload.length, 0)
  bytes[4] = id
  bytes.set(payload, 5)
  return bytes
}

export interface BlockRequest {
  readonly piece: number
  readonly offset: number
  readonly length: number
}

export function readRequest(payload: Uint8Array): BlockRequest {
  const view = Buffer.from(payload)
  return { piece: view.readUInt32BE(0), offset: view.readUInt32BE(4), length: view.readUInt32BE(8) }
}

export function pieceMessage(request: BlockRequest, bytes: Uint8Array): Uint8Array {
  const payload = Buffer.alloc(8 + bytes.length)
  payload.writeUInt32BE(request.piece, 0)
  payload.writeUInt32BE(request.offset, 4)
  payload.set(bytes, 8)
  return message(messageIds.piece, payload)
}

/** Every piece is there. */
export function fullBitfield(pieces: number): Uint8Array {
  const bits = Buffer.alloc(Math.ceil(pieces / 8), 0xff)
  const spareBits = bits.length * 8 - pieces
  if (bits.length > 0) bits[bits.length - 1] = (0xff << spareBits) & 0xff
  return bits
}

export interface WireMessage {
  readonly id: number
  readonly payload: Uint8Array
}

/** Cuts a stream of bytes into messages; a keep-alive has no id and is left out. */
export class MessageReader {
  #rest: Uint8Array = new Uint8Array(0)

  take(bytes: Uint8Array): readonly WireMessage[] {
    const messages: WireMessage[] = []
    let buffer = Buffer.concat([this.#rest, bytes])
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE(0)) {
      const end = 4 + buffer.readUInt32BE(0)
      if (end > 4) messages.push({ id: buffer[4] ?? 0, payload: buffer.subarray(5, end) })
      buffer = buffer.subarray(end)
    }
    this.#rest = buffer
    return messages
  }
}
