import { printable } from './cli-output.js'
import { exitDone, type RunCommand } from './command.js'
import { openLibrary } from './open-library.js'

export const runPin: RunCommand = async (args, context) => {
  await using service = await openLibrary(args, context)
  const { id, infoHash, name } = await service.pin(args.positionals[0] ?? '')
  if (args.json) context.output.printJson({ id, infoHash, name, pinned: true })
  else context.output.print(`pinned ${printable(name ?? id)}`)
  return exitDone
}

export const runUnpin: RunCommand = async (args, context) => {
  await using service = await openLibrary(args, context)
  const { id, infoHash, name } = await service.unpin(args.positionals[0] ?? '')
  if (args.json) context.output.printJson({ id, infoHash, name, pinned: false })
  else context.output.print(`unpinned ${printable(name ?? id)}`)
  return exitDone
}
