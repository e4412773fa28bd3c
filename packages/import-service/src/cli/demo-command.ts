import { exitDone, type RunCommand } from './command.js'

export const runDemoCommand: RunCommand = async (args, context) => {
  const { runDemo } = await import('../demo/run-demo.js')
  await runDemo(args, context)
  return exitDone
}
