import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/** Calls a method by XML-RPC over SCGI on a unix socket. The first plain value of the answer; '' where there is none. */
export async function callScgi(socketPath: string, method: string, args: readonly string[]): Promise<string> {
  const params = args.map((arg) => `<param><value><string>${escaped(arg)}</string></value></param>`).join('')
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`
  const headers = `CONTENT_LENGTH\0${Buffer.byteLength(body)}\0SCGI\x001\0`
  const socket = connect(socketPath)
  socket.setTimeout(60_000, () => socket.destroy(new Error(`${method}: no answer on ${socketPath}`)))
  socket.write(`${headers.length}:${headers},${body}`)
  const answer = await text(socket)
  const value = /<(string|i4|i8)>([^<]*)<\/\1>/.exec(answer)?.[2] ?? ''
  if (answer.includes('<fault>')) throw new Error(`${method}: ${answer}`)
  return value
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
