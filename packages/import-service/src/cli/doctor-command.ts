import type { ResolvedConfig } from '../config/read-config.js'
import type { DoctorItem } from '../doctor/doctor-item.js'
import { examine } from '../doctor/examine.js'
import { thisMachine } from '../doctor/machine.js'
import { isBaeError } from '../errors.js'
import { readPackageVersion } from '../package-version.js'
import { type CliOutput, printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, exitFailed, type RunCommand } from './command.js'
import { asCalled } from './help-text.js'
import { hang, wrapText } from './wrap-text.js'

const styles = { ok: 'green', warn: 'yellow', fail: 'red' } as const
const statusColumns = 4
const nameColumns = 11

export const runDoctor: RunCommand = async (args, context) => {
  const { output, stop } = context
  const items = await examine({
    compose: context.compose,
    settings: await settingsOrFailure(args, context),
    version: await readPackageVersion(),
    machine: thisMachine({ isUtf8: output.unicode }),
    signal: stop.signal,
  })
  const ok = items.every((item) => item.status !== 'fail')
  if (args.json)
    output.printJson({ ok, items: items.map((item) => ({ ...item, advice: item.advice ?? null })) })
  else for (const line of items.flatMap((item) => formatItem(item, context))) output.print(line)
  return ok ? exitDone : exitFailed
}

async function settingsOrFailure(
  args: CommandArguments,
  context: CliContext,
): Promise<ResolvedConfig | Error> {
  try {
    return await context.resolveConfig(args)
  } catch (error) {
    if (isBaeError(error, 'IMPORT_CONFIG_INVALID')) return error
    throw error
  }
}

/** What was found, and behind an arrow what to do. */
export function formatItem(
  { name, status, detail, advice }: DoctorItem,
  { output, commandName }: Pick<CliContext, 'output' | 'commandName'>,
): readonly string[] {
  const rest = `  ${name.padEnd(nameColumns)}  `
  const found = wrapFor(output, ' '.repeat(statusColumns) + rest, printable(detail))
  const head = output.style(styles[status], status.padEnd(statusColumns))
  const lines = [head + (found[0] ?? '').slice(statusColumns), ...found.slice(1)]
  if (advice === undefined) return lines
  const indent = ' '.repeat(statusColumns + rest.length)
  return [...lines, ...wrapFor(output, `${indent}-> `, asCalled(printable(advice), commandName))]
}

/** Lines of a log may be as long as they are. */
function wrapFor({ columns }: CliOutput, head: string, text: string): readonly string[] {
  return columns === undefined ? [head + text] : hang(head, wrapText(text, columns - head.length))
}
