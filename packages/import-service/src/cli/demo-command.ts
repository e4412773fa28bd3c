import { type Command, exitDone } from './command.js'

export const demoCommand: Command = {
  name: 'demo',
  positionals: [],
  options: ['library'],
  help: `Usage: bae demo [--library DIR]

Makes a small album of computed music (about 30 MiB), gives it to a second libtorrent
session on this machine, imports it from there, verifies every piece, exports it and
compares it with the original. Uses a library of its own in the temporary folder.

  --library DIR  import into this library instead`,
  async run(args, context) {
    const { runDemo } = await import('../demo/run-demo.js')
    await runDemo(args, context)
    return exitDone
  },
}
