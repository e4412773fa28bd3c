import type { ImportService } from '../import-service.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { formatBar } from './format-progress.js'
import { formatBytes, formatCount, formatShare } from './format-quantities.js'
import { openLibrary } from './open-library.js'
import { ProgressReporter } from './progress-reporter.js'

export const runExport: RunCommand = async (args, context) => {
  await using service = await openLibrary(args, context)
  const exported = await exportShown(service, args, context)
  const { path, files, bytes, unselected, links } = exported
  if (args.json) context.output.printJson({ id: exported.id, path, files, bytes, unselected, links })
  else {
    const linked = links === 0 ? '' : `, ${formatCount(links, 'link')}`
    const rest = unselected === 0 ? '' : `; ${formatCount(unselected, 'file')} not selected`
    context.output.print(
      `exported ${formatCount(files, 'file')}, ${formatBytes(bytes)}${linked}, to ${printable(path)}${rest}`,
    )
  }
  return exitDone
}

async function exportShown(
  service: ImportService,
  { positionals, flags, json }: CommandArguments,
  { output, stop }: CliContext,
): ReturnType<ImportService['export']> {
  const [id = '', directory = ''] = positionals
  let progress = { writtenBytes: 0, totalBytes: 0 }
  const texts = (): readonly string[] => {
    const { writtenBytes, totalBytes } = progress
    return [
      formatShare(writtenBytes, Math.max(1, totalBytes)),
      `${formatBytes(writtenBytes)} of ${formatBytes(totalBytes)}`,
    ]
  }
  const share = () => progress.writtenBytes / Math.max(1, progress.totalBytes)
  const view = {
    // Nothing is known before the first bytes.
    bar: (columns: number) =>
      progress.totalBytes === 0 ? '' : formatBar(share(), texts(), { columns, unicode: output.unicode }),
    line: () => `written ${texts().join(', ')}`,
    event: () => undefined,
  }
  // One object is all that --json prints here.
  using _ = json ? undefined : new ProgressReporter(output, view, { json: false })
  return await service.export(id, directory, {
    attributes: flags.has('attributes'),
    signal: stop.signal,
    onProgress: (now) => {
      progress = now
    },
  })
}
