import { ImportError } from './errors.js'

/** As in `engines` of package.json. */
const oldestNode: readonly [number, number] = [20, 19]

export const neededNode = `Node.js ${oldestNode.join('.')} or newer`

export function isNodeTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
}

/** Before parts are loaded that an old Node cannot even read. Throws IMPORT_NODE_TOO_OLD. */
export function refuseOldNode(version: string): void {
  if (!isNodeTooOld(version)) return
  throw new ImportError('IMPORT_NODE_TOO_OLD', `${neededNode} is needed, and this is ${version}`)
}
