import { cacheClauses } from './database-cache.js'
import { chunkClauses } from './database-chunks.js'
import { fenceClauses } from './database-fence.js'
import { flushedClauses } from './database-flushed.js'
import { orphanClauses } from './database-orphans.js'
import { pinClauses } from './database-pins.js'
import { progressClauses } from './database-progress.js'
import { reopenClauses } from './database-reopen.js'
import type { DatabaseSubject } from './database-samples.js'
import { torrentClauses } from './database-torrents.js'
import { runClauses, type Skip, type TestApi } from './test-api.js'

/** What every `Database` promises. `reopen` adds the clauses on what is there after a restart. */
export function databaseCompliance(
  api: TestApi,
  subject: DatabaseSubject & { readonly skip?: readonly Skip[] },
): void {
  const { reopen } = subject
  const clauses = {
    ...torrentClauses,
    ...progressClauses,
    ...chunkClauses,
    ...flushedClauses,
    ...fenceClauses,
    ...cacheClauses,
    ...pinClauses,
    ...orphanClauses,
    ...(reopen === undefined ? {} : reopenClauses(reopen)),
  }
  api.describe('database', () => runClauses(api, clauses, subject, subject.skip))
}
