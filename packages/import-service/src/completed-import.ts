import type { Import } from './import-job.js'
import type { ImportSnapshot } from './import-snapshot.js'

/** What an import is that has nothing to do. */
export function completedImport(snapshot: ImportSnapshot): Import {
  const { id, name } = snapshot
  const { pieces, totalPieces, bytes, totalBytes } = snapshot.selected ?? snapshot
  return {
    id,
    wasCompleted: true,
    progress: {
      id,
      name,
      state: 'completed',
      pieces,
      totalPieces,
      bytes,
      totalBytes,
      downloadBytesPerSecond: 0,
      uploadBytesPerSecond: 0,
      peers: 0,
      pause: null,
      retryAtMs: null,
      error: null,
    },
    outcome: 'completed',
    cleanupError: undefined,
    whenCompleted: () => Promise.resolve(snapshot),
  }
}
