import { CreateImports1795348800000 } from './1795348800000-create-imports.js'
import { ClaimOwners1795608000000 } from './1795608000000-claim-owners.js'
import { Leases1795665600000 } from './1795665600000-leases.js'

/** In the order in which they run. A released one never changes. */
export const migrations = [CreateImports1795348800000, ClaimOwners1795608000000, Leases1795665600000]
