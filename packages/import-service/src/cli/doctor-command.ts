import type { DoctorItem } from '../doctor/doctor-item.js'
import { examine } from '../doctor/examine.js'
import { readPackageVersion } from '../package-version.js'
import { type CliOutput, printable } from './cli-output.js'
import { type Command, exitDone, exitFailed } from './command.js'

const styles = { ok: 'green', warn: 'yellow', fail: 'red' } as const

export const doctorCommand: Command = {
  name: 'doctor',
  positionals: [],
  options: ['library', 'json'],
  help: `Usage: bae doctor [--library DIR] [--json]

Says what was found here: versions, libtorrent, the library, free space, the database.
Exits 1 when something is missing, and says what to do.

  --library DIR  the library
  --json         print {"ok","items":[{"name","status","detail","advice"}]}`,
  async run(args, context) {
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
  },
}

function formatItem(item: DoctorItem, output: CliOutput): readonly string[] {
  const status = output.style(styles[item.status], item.status.padEnd(4))
  const advice = item.advice === undefined ? [] : [`                  ${item.advice}`]
  return [`${status}  ${item.name.padEnd(10)}  ${printable(item.detail)}`, ...advice]
}
