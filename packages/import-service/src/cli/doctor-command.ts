import type { DoctorItem } from '../doctor/doctor-item.js'
import { examine } from '../doctor/examine.js'
import { readPackageVersion } from '../package-version.js'
import { type CliOutput, printable } from './cli-output.js'
import { exitDone, exitFailed, type RunCommand } from './command.js'

const styles = { ok: 'green', warn: 'yellow', fail: 'red' } as const

export const runDoctor: RunCommand = async (args, context) => {
  const { output, stop } = context
  const items = await examine({
    composition: await context.compose(),
    config: context.config(args),
    version: await readPackageVersion(),
    nodeVersion: process.version,
    platform: `${process.platform} ${process.arch}`,
    signal: stop.signal,
  })
  const ok = items.every((item) => item.status !== 'fail')
  if (args.json)
    output.printJson({ ok, items: items.map((item) => ({ ...item, advice: item.advice ?? null })) })
  else for (const line of items.flatMap((item) => formatItem(item, output))) output.print(line)
  return ok ? exitDone : exitFailed
}

function formatItem(item: DoctorItem, output: CliOutput): readonly string[] {
  const status = output.style(styles[item.status], item.status.padEnd(4))
  const advice = item.advice === undefined ? [] : [`                  ${item.advice}`]
  return [`${status}  ${item.name.padEnd(10)}  ${printable(item.detail)}`, ...advice]
}
