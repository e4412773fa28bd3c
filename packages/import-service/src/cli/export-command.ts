import { printable } from './cli-output.js'
import { exitDone, type RunCommand } from './command.js'
import { formatBytes, formatCount } from './format-quantities.js'
import { openLibrary } from './open-library.js'

export const runExport: RunCommand = async (args, context) => {
  await using service = await openLibrary(args, context)
  const [id = '', directory = ''] = args.positionals
  const exported = await service.export(id, directory, {
    attributes: args.flags.has('attributes'),
    signal: context.stop.signal,
  })
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
