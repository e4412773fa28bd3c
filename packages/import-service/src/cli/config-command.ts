import { type ShownSetting, showConfig } from '../config/show-config.js'
import { printable } from './cli-output.js'
import { exitDone, type RunCommand } from './command.js'

/** All settings and who said each, without secrets. */
export const runConfig: RunCommand = async (args, context) => {
  const { output } = context
  const resolved = await context.resolveConfig(args)
  const { file, unknownVariables } = resolved
  const shown = showConfig(resolved)
  if (args.json) {
    const settings = Object.fromEntries(shown.map(({ key, text: _, ...rest }) => [key, rest]))
    output.printJson({ file, settings, unknownVariables: unknownVariables.map(({ name }) => name) })
  } else for (const line of formatSettings(shown)) output.print(line)
  if (!file.isThere) output.note(`There is no file ${file.path}.`)
  for (const { name, near } of unknownVariables)
    output.note(`${name} means nothing${near === undefined ? '' : `; did you mean ${near}?`}`)
  return exitDone
}

function formatSettings(shown: readonly ShownSetting[]): readonly string[] {
  const rows = [
    ['SETTING', 'VALUE', 'FROM'] as const,
    ...shown.map(({ key, text, where }) => [key, printable(text), printable(where ?? 'default')] as const),
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map(
    ([key, text, where]) => `${key.padEnd(widths[0] ?? 0)}  ${text.padEnd(widths[1] ?? 0)}  ${where}`,
  )
}
