import type { VerifiedImport } from '../import-service.js'
import { printable } from './cli-output.js'
import { type Command, exitDone, exitFailed } from './command.js'
import { formatBar } from './format-progress.js'
import { formatCount, formatShare } from './format-quantities.js'
import { openLibrary } from './open-library.js'
import { ProgressReporter } from './progress-reporter.js'

const shownBadPieces = 20

export const verifyCommand: Command = {
  name: 'verify',
  positionals: ['ID'],
  options: ['library', 'json'],
  help: `Usage: bae verify ID [--library DIR] [--json]

Reads every stored piece of an import and compares its hash with the torrent's.
Exits 1 when something is wrong, and names it.

  --library DIR  the library
  --json         print {"id","pieces","ok","bad"}: pieces checked, pieces right, and
                 for each bad one {"piece","files","chunk"}`,
  async run(args, context) {
    const { output, stop } = context
    await using service = await openLibrary(args, context)
    const report = await verify(args.positionals[0] ?? '')
    if (args.json) output.printJson(report)
    else for (const line of formatReport(report)) output.print(line)
    return report.bad.length === 0 ? exitDone : exitFailed

    async function verify(id: string): Promise<VerifiedImport> {
      let progress = { checkedPieces: 0, totalPieces: 0 }
      const text = () => `checked ${progress.checkedPieces} of ${formatCount(progress.totalPieces, 'piece')}`
      const share = () => (progress.totalPieces === 0 ? 0 : progress.checkedPieces / progress.totalPieces)
      const texts = () => [formatShare(progress.checkedPieces, Math.max(1, progress.totalPieces)), text()]
      const view = {
        bar: (columns: number) => formatBar(share(), texts(), { columns, unicode: output.unicode }),
        line: text,
        event: () => undefined,
      }
      // One object is all that --json prints here.
      using _ = args.json ? undefined : new ProgressReporter(output, view, { json: false })
      return await service.verify(id, { signal: stop.signal, onProgress: (now) => (progress = now) })
    }
  },
}

export function formatReport(report: VerifiedImport): readonly string[] {
  const { bad, ok, pieces } = report
  if (bad.length === 0) return [`ok: ${formatCount(pieces, 'piece')} checked, all right`]
  const shown = bad.slice(0, shownBadPieces).map(({ piece, files, chunk }) => {
    const where = files.length === 0 ? '' : ` of ${files.map(printable).join(', ')}`
    return `  piece ${piece}${where}${chunk === null ? '' : ` (chunk ${chunk})`}`
  })
  const more = bad.length > shown.length ? [`  and ${bad.length - shown.length} more`] : []
  return [`damaged: ${pieces - ok} of ${formatCount(pieces, 'piece')} wrong`, ...shown, ...more]
}
