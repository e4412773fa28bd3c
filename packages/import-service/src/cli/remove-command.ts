import { printable } from './cli-output.js'
import { type Command, exitDone } from './command.js'
import { formatBytes } from './format-quantities.js'
import { openLibrary } from './open-library.js'

export const removeCommand: Command = {
  name: 'remove',
  positionals: ['ID'],
  options: ['library', 'json'],
  help: `Usage: bae remove ID [--library DIR] [--json]

Deletes an import and all that only it holds; chunks that another import shares stay.
Refuses while another process imports it. What was exported is not touched.

  --library DIR  the library
  --json         print {"id","infoHash","name","bytes"} of what was removed`,
  async run(args, context) {
    await using service = await openLibrary(args, context)
    const { id, infoHash, name, bytes } = await service.remove(args.positionals[0] ?? '')
    if (args.json) context.output.printJson({ id, infoHash, name, bytes })
    else context.output.print(`removed ${printable(name ?? id)}, ${formatBytes(bytes)}`)
    return exitDone
  },
}
