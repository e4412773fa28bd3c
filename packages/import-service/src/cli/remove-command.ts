import type { ImportSnapshot } from '../import-snapshot.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { formatBytes } from './format-quantities.js'
import { openLibrary } from './open-library.js'
import { findService } from './service-connection.js'

export const runRemove: RunCommand = async (args, context) => {
  const { id, infoHash, name, bytes } = await remove(args, context)
  if (args.json) context.output.printJson({ id, infoHash, name, bytes })
  else context.output.print(`removed ${printable(name ?? infoHash ?? id)}, ${formatBytes(bytes)}`)
  return exitDone
}

/** What a service has is given up by the service. */
async function remove(args: CommandArguments, context: CliContext): Promise<ImportSnapshot> {
  const [id = ''] = args.positionals
  const { signal } = context.stop
  const running = await findService(await context.config(args), context)
  if (running !== undefined) {
    const snapshot = await running.get(id, { signal })
    await running.cancel(snapshot.id, { deleteData: true, signal })
    return snapshot
  }
  await using service = await openLibrary(args, context)
  return await service.remove(id)
}
