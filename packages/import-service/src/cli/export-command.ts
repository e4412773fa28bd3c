import { printable } from './cli-output.js'
import { type Command, exitDone } from './command.js'
import { formatBytes, formatCount } from './format-quantities.js'
import { openLibrary } from './open-library.js'

export const exportCommand: Command = {
  name: 'export',
  positionals: ['ID', 'DIR'],
  options: ['attributes', 'library', 'json'],
  help: `Usage: bae export ID DIR [--attributes] [--library DIR] [--json]

Writes the files of a complete import to DIR/<name>/... (a single file: DIR/<name>);
where some were selected, those. Never overwrites; a failed export leaves nothing.
Names that would leave DIR, or that file systems refuse, are made safe: 'bae show'
lists them as they will be.

  --attributes   make files executable that the torrent calls so, and its symbolic
                 links, as far as they lead to what is exported
  --library DIR  the library
  --json         print {"id","path","files","bytes","unselected","links"} at the end`,
  async run(args, context) {
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
  },
}
