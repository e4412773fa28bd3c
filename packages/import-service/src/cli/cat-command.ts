import { exitDone, type RunCommand } from './command.js'
import { openLibrary } from './open-library.js'

export const runCat: RunCommand = async (args, context) => {
  await using service = await openLibrary(args, context)
  const { signal } = context.stop
  const [id = '', path = ''] = args.positionals
  for await (const bytes of await service.openFile(id, path, { signal })) {
    signal.throwIfAborted()
    await context.output.writeBytes(bytes)
  }
  return exitDone
}
