import { isatty } from 'node:tty'

const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor))

/**
 * Ends the process with this code. Node leaves terminals as it found them, and aborts where one is gone by then: such a
 * process ends by SIGHUP, as if it had not caught it.
 */
export function endProcess(code: number): never {
  if (!terminals.every((descriptor) => isatty(descriptor))) {
    process.removeAllListeners('SIGHUP')
    process.kill(process.pid, 'SIGHUP')
  }
  process.exit(code)
}
