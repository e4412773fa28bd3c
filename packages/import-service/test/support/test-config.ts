import type { Config } from '../../src/config/config.js'
import { readConfig } from '../../src/config/read-config.js'

/** What is set where nobody has said anything, but for the place of the library and `changed`. */
export async function testConfig(libraryDirectory: string, changed: Partial<Config> = {}): Promise<Config> {
  const user = { isRoot: false, homeDirectory: '/nowhere' }
  return { ...(await readConfig({}, { environment: {}, user })), libraryDirectory, ...changed }
}
