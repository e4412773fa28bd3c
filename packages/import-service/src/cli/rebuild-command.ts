import type { RebuildReport } from '../rebuild-imports.js'
import { printable } from './cli-output.js'
import { exitDone, exitFailed, type RunCommand } from './command.js'
import { formatCount } from './format-quantities.js'
import { openLibraryToMend } from './open-library.js'
import { ProgressReporter } from './progress-reporter.js'

export const runRebuild: RunCommand = async (args, context) => {
  const { output, stop } = context
  await using service = await openLibraryToMend(args, context, 'rebuild')
  const report = await rebuild()
  if (args.json) output.printJson(report)
  else for (const line of formatReport(report)) output.print(line)
  const lost = report.skipped.length > 0 || report.imports.some(({ missingChunks }) => missingChunks > 0)
  return lost ? exitFailed : exitDone

  async function rebuild(): Promise<RebuildReport> {
    let torrents = 0
    const line = () => `rebuilt ${formatCount(torrents, 'torrent')}`
    const view = {
      bar: line,
      line,
      event: () => undefined,
    }
    // One object is all that --json prints here.
    using _ = args.json ? undefined : new ProgressReporter(output, view, { json: false })
    return await service.rebuild({
      verify: args.flags.has('verify'),
      addToRecords: args.flags.has('add'),
      signal: stop.signal,
      onProgress: (progress) => {
        torrents = progress.torrents
      },
    })
  }
}

function formatReport({ imports, skipped }: RebuildReport): readonly string[] {
  const partly = imports.filter(({ pieces, totalPieces }) => pieces < totalPieces)
  return [
    `rebuilt ${formatCount(imports.length, 'import')}, ${imports.length - partly.length} of them complete`,
    ...partly.map(({ name, pieces, totalPieces, missingChunks }) => {
      const missing = missingChunks === 0 ? '' : `; ${formatCount(missingChunks, 'chunk')} gone`
      return `  ${printable(name)}: ${pieces} of ${formatCount(totalPieces, 'piece')}${missing}`
    }),
    ...skipped.map(({ id, code, message }) => `  not ${id}: ${printable(message)} [${code}]`),
  ]
}
