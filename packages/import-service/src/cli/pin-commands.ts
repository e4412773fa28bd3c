import { printable } from './cli-output.js'
import { type Command, exitDone } from './command.js'
import { openLibrary } from './open-library.js'

export const pinCommand: Command = {
  name: 'pin',
  positionals: ['ID'],
  options: ['library', 'json'],
  help: `Usage: bae pin ID [--library DIR] [--json]

Keeps an import in the library's own folder where a remote folder would take its chunks
(BAE_CAPACITY, BAE_REMOTE): none of them goes to make room. What has gone before comes
back to stay when it is read, by 'bae verify' for example. Pinning it again changes
nothing; 'bae unpin' ends it.

  --library DIR  the library
  --json         print {"id","infoHash","name","pinned":true}`,
  async run(args, context) {
    await using service = await openLibrary(args, context)
    const { id, infoHash, name } = await service.pin(args.positionals[0] ?? '')
    if (args.json) context.output.printJson({ id, infoHash, name, pinned: true })
    else context.output.print(`pinned ${printable(name ?? id)}`)
    return exitDone
  },
}

export const unpinCommand: Command = {
  name: 'unpin',
  positionals: ['ID'],
  options: ['library', 'json'],
  help: `Usage: bae unpin ID [--library DIR] [--json]

Lets an import that was pinned go to the remote folder again when room is needed.
One that is not pinned is fine.

  --library DIR  the library
  --json         print {"id","infoHash","name","pinned":false}`,
  async run(args, context) {
    await using service = await openLibrary(args, context)
    const { id, infoHash, name } = await service.unpin(args.positionals[0] ?? '')
    if (args.json) context.output.printJson({ id, infoHash, name, pinned: false })
    else context.output.print(`unpinned ${printable(name ?? id)}`)
    return exitDone
  },
}
