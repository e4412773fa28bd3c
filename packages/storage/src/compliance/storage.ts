import { nastyLayouts } from './layouts.js'
import { layoutClauses, layoutReopenClauses } from './storage-layout-clauses.js'
import { absenceClauses, closingClauses, orderClauses, reopenClauses } from './storage-order-clauses.js'
import type { StorageSubject } from './storage-subject.js'
import { runClauses, type TestApi } from './test-api.js'

/** The contract of a Storage, a test a clause; those about bytes on every nasty torrent. */
export function storageCompliance(api: TestApi, subject: StorageSubject): void {
  const { reopen } = subject
  api.describe('storage', () => {
    const clauses = {
      ...absenceClauses,
      ...orderClauses,
      ...closingClauses,
      ...(reopen === undefined ? {} : reopenClauses(reopen)),
    }
    runClauses(api, clauses, subject)
  })
  for (const layout of nastyLayouts) {
    api.describe(`storage of a torrent with ${layout.name}`, () => {
      const more = reopen === undefined ? {} : layoutReopenClauses(layout, reopen)
      runClauses(api, { ...layoutClauses(layout), ...more }, subject)
    })
  }
}
