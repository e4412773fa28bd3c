import { printable } from './cli-output.js'
import { type Command, exitDone } from './command.js'
import { formatBytes, formatCount } from './format-quantities.js'
import { openLibrary } from './open-library.js'

export const exportCommand: Command = {
  name: 'export',
  positionals: ['ID', 'DIR'],
  options: ['library', 'json'],
  help: `Usage: bae export ID DIR [--library DIR] [--json]

Writes the files of a complete import to DIR/<name>/... (a single file: DIR/<name>);
where some were selected, those. Never overwrites; a failed export leaves nothing.
Names that would leave DIR, or that file systems refuse, are made safe: 'bae show'
lists them as they will be.

  --library DIR  the library
  --json         print {"id","path","files","bytes","unselected"} at the end`,
  async run(args, context) {
    await using service = await openLibrary(args, context)
    const [id = '', directory = ''] = args.positionals
    const exported = await service.export(id, directory, { signal: context.stop.signal })
    const { path, files, bytes, unselected } = exported
    if (args.json) context.output.printJson({ id: exported.id, path, files, bytes, unselected })
    else {
      const rest = unselected === 0 ? '' : `; ${formatCount(unselected, 'file')} not selected`
      context.output.print(
        `exported ${formatCount(files, 'file')}, ${formatBytes(bytes)}, to ${printable(path)}${rest}`,
      )
    }
    return exitDone
  },
}
