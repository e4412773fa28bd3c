import { controlClauses } from './control-clauses.js'
import { failureClauses } from './failure-clauses.js'
import { lifetimeClauses } from './lifetime-clauses.js'
import type { NativeSessionSubject } from './native-subject.js'
import type { TestApi } from './test-api.js'
import { transferClauses } from './transfer-clauses.js'

/**
 * The contract of a NativeSession, clause by clause. The addon and every fake of it run this same suite, so
 * that what is tested on the fake holds for libtorrent too. Give each clause 20 s.
 */
export function nativeSessionCompliance(api: TestApi, subject: NativeSessionSubject): void {
  api.describe('a native session that fetches and serves', () => transferClauses(api, subject))
  api.describe('a native session whose storage fails', () => failureClauses(api, subject))
  api.describe('what a native session can be asked', () => controlClauses(api, subject))
  api.describe("a native session's lifetime", () => lifetimeClauses(api, subject))
}
