import { spawnSync } from 'node:child_process'
import type { TestContext } from 'vitest'
import { ChildProgram } from './child-program.js'

/** Both ends of a cable in a network of their own; what goes out for everybody comes back to all who listen there. */
const setUp = [
  'ip link set lo up',
  'ip link add bae0 type veth peer name bae1',
  'ip link set bae1 up',
  'ip address add 10.77.0.1/24 dev bae0',
  'ip address add 10.77.0.2/24 dev bae0',
  'ip link set bae0 up multicast on',
  'ip route add 224.0.0.0/4 dev bae0',
].join(' && ')

export const privateHosts = ['10.77.0.1', '10.77.0.2'] as const

/** Starts a program in a network that ends with it and reaches nothing else. Skips the test where that is not allowed. */
export function startInPrivateNetwork(
  context: TestContext,
  command: string,
  args: readonly string[],
): ChildProgram {
  const allowed = spawnSync('unshare', ['-n', 'sh', '-c', setUp], { stdio: 'ignore' }).status === 0
  context.skip(!allowed, 'needs root, and iproute2')
  return new ChildProgram('unshare', ['-n', 'sh', '-c', `${setUp} && exec "$@"`, 'sh', command, ...args])
}
