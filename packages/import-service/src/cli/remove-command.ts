import { printable } from './cli-output.js'
import { exitDone, type RunCommand } from './command.js'
import { formatBytes } from './format-quantities.js'
import { openLibrary } from './open-library.js'

export const runRemove: RunCommand = async (args, context) => {
  await using service = await openLibrary(args, context)
  const { id, infoHash, name, bytes } = await service.remove(args.positionals[0] ?? '')
  if (args.json) context.output.printJson({ id, infoHash, name, bytes })
  else context.output.print(`removed ${printable(name ?? id)}, ${formatBytes(bytes)}`)
  return exitDone
}
