import { connect, type Socket } from 'node:net'

/** Passes on what both sides say until one of them ends. */
export function relay(socket: Socket, to: { readonly host: string; readonly port: number }): void {
  const onward = connect(to)
  for (const [one, other] of [
    [socket, onward],
    [onward, socket],
  ] as const) {
    one.on('error', () => {}) // 'close' follows.
    one.pipe(other)
    one.on('close', () => other.destroy())
  }
}
