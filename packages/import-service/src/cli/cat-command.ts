import { type Command, exitDone } from './command.js'
import { openLibrary } from './open-library.js'

export const catCommand: Command = {
  name: 'cat',
  positionals: ['ID', 'PATH'],
  options: ['library'],
  help: `Usage: bae cat ID PATH [--library DIR]

Writes one file of an import to the standard output. PATH is as 'bae show' lists it.

  --library DIR  the library`,
  async run(args, context) {
    await using service = await openLibrary(args, context)
    const { signal } = context.stop
    const [id = '', path = ''] = args.positionals
    for await (const bytes of await service.openFile(id, path, { signal })) {
      signal.throwIfAborted()
      await context.output.writeBytes(bytes)
    }
    return exitDone
  },
}
