export type Bencodable =
  | number
  | string
  | Uint8Array
  | readonly Bencodable[]
  | { readonly [key: string]: Bencodable }

/** Bencodes what a test says, also what no honest program would make. Keys are sorted as BEP 3 wants. */
export function bencode(value: Bencodable): Uint8Array {
  return Buffer.concat([...parts(value)])
}

function* parts(value: Bencodable): Generator<Uint8Array> {
  if (typeof value === 'number') yield ascii(`i${value}e`)
  else if (typeof value === 'string') yield* bytes(new TextEncoder().encode(value))
  else if (value instanceof Uint8Array) yield* bytes(value)
  else if (isList(value)) {
    yield ascii('l')
    for (const item of value) yield* parts(item)
    yield ascii('e')
  } else {
    yield ascii('d')
    for (const key of Object.keys(value).sort()) {
      yield* parts(key)
      yield* parts(value[key] ?? '')
    }
    yield ascii('e')
  }
}

function* bytes(content: Uint8Array): Generator<Uint8Array> {
  yield ascii(`${content.length}:`)
  yield content
}

function isList(value: object): value is readonly Bencodable[] {
  return Array.isArray(value)
}

function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'ascii')
}
