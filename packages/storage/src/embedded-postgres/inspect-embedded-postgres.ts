import { findClusterPlace, type PlaceOptions } from './cluster-place.js'
import { runningServer } from './server-process.js'
import { serverUser } from './server-user.js'

/** What is there, without starting or making anything. */
export interface EmbeddedPostgresState {
  readonly clusterDirectory: string
  /** False: the next opening will make it there. */
  readonly exists: boolean
  readonly processId?: number
}

export async function inspectEmbeddedPostgres(options: PlaceOptions): Promise<EmbeddedPostgresState> {
  const { directory, exists } = await findClusterPlace(options, await serverUser())
  const processId = exists ? await runningServer({ directory }) : undefined
  return { clusterDirectory: directory, exists, ...(processId === undefined ? {} : { processId }) }
}
