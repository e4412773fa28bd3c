import type { RebuildReport } from '../rebuild-imports.js'
import { printable } from './cli-output.js'
import { type Command, exitDone, exitFailed } from './command.js'
import { formatCount } from './format-quantities.js'
import { openLibraryToMend } from './open-library.js'
import { ProgressReporter } from './progress-reporter.js'

export const rebuildCommand: Command = {
  name: 'rebuild',
  positionals: [],
  options: ['library', 'verify', 'add', 'json'],
  help: `Usage: bae rebuild [--verify] [--add] [--library DIR] [--json]

Makes the database of a library anew from the library's own store: for a database
that was lost, or is of another PostgreSQL and is then put aside. Imports that were
not complete go on with 'bae import'. Exits 1 when something could not be brought back.

  --verify       read every chunk and compare it with its key; otherwise what is
                 there is believed, and 'bae verify ID' can check it later
  --add          add what is missing to a database that has records
  --library DIR  the library
  --json         print {"imports":[{"id","infoHash","name","pieces","totalPieces",
                 "missingChunks"}],"skipped":[{"id","code","message"}]}`,
  async run(args, context) {
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
  },
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
