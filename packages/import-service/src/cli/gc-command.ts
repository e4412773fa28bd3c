import type { GarbageKind } from '@bae/storage'
import { exitDone, type RunCommand } from './command.js'
import { openLibraryToMend } from './open-library.js'

/** What one is called, and what several are. */
const nouns: Readonly<Record<GarbageKind, readonly [string, string]>> = {
  manifest: ['manifest of an unknown torrent', 'manifests of unknown torrents'],
  staging: ['unknown torrent with staged chunks', 'unknown torrents with staged chunks'],
  chunk: ['chunk that nothing refers to', 'chunks that nothing refers to'],
  object: ['object without a record', 'objects without a record'],
  temporary: ['old temporary file', 'old temporary files'],
}

export const runGc: RunCommand = async (args, context) => {
  const { output, stop } = context
  const dryRun = args.flags.has('dry-run')
  const forgetUnknown = args.flags.has('forget-unknown')
  await using service = await openLibraryToMend(args, context, 'gc')
  const found: Record<GarbageKind, number> = { manifest: 0, staging: 0, chunk: 0, object: 0, temporary: 0 }
  for await (const { kind, name } of service.collectGarbage({
    dryRun,
    forgetUnknown,
    signal: stop.signal,
  })) {
    found[kind] += 1
    if (args.json) output.printJson({ event: 'garbage', kind, name })
  }
  if (args.json) output.printJson({ event: 'done', dryRun, found })
  else for (const line of formatFound(found, dryRun)) output.print(line)
  return exitDone
}

function formatFound(found: Readonly<Record<GarbageKind, number>>, dryRun: boolean): readonly string[] {
  const kinds = (Object.keys(nouns) as GarbageKind[]).filter((kind) => found[kind] > 0)
  if (kinds.length === 0) return ['nothing to collect']
  return [
    dryRun ? 'would delete:' : 'deleted:',
    ...kinds.map((kind) => `  ${found[kind]} ${nouns[kind][found[kind] === 1 ? 0 : 1]}`),
  ]
}
