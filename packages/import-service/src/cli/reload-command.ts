import type { ChangedSetting, ReloadReport } from '../config/running-config.js'
import { printable } from './cli-output.js'
import { exitDone, type RunCommand } from './command.js'
import { findRunningService } from './service-connection.js'

export const runReload: RunCommand = async (args, context) => {
  const service = await findRunningService(args, context)
  const report = await service.reload({ signal: context.stop.signal })
  if (args.json) context.output.printJson(report)
  else for (const line of describeReport(report)) context.output.print(line)
  return exitDone
}

function describeReport({ changed, needRestart }: ReloadReport): readonly string[] {
  if (changed.length + needRestart.length === 0) return ['no setting has changed']
  return [
    ...changed.map((setting) => `changed  ${described(setting)}`),
    ...needRestart.map((setting) => `restart  ${described(setting)}`),
  ]
}

function described({ key, from, to }: ChangedSetting): string {
  return `${key}: ${printable(from)} > ${printable(to)}`
}
