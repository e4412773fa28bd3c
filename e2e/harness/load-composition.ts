import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Composition } from '../../packages/import-service/dist/composition.js'
import { repositoryRoot } from './repository-root.js'

/** Where the app puts its parts together: no package has it, so there is no name to import it by. */
export async function loadComposition(): Promise<Composition> {
  const path = join(repositoryRoot, 'packages/import-service/dist/compose.js')
  return ((await import(pathToFileURL(path).href)) as { composition: Composition }).composition
}
