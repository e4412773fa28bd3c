import type { ImportService } from '../import-service.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import type { VerifiedImport } from '../verified-import.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, exitFailed, type RunCommand } from './command.js'
import { formatBar } from './format-progress.js'
import { formatCount, formatShare } from './format-quantities.js'
import { formatVerified } from './format-verified.js'
import { openLibrary, openLibraryIfThere } from './open-library.js'
import { ProgressReporter } from './progress-reporter.js'
import { codeOf, sentenceOf } from './report-error.js'

/** One of many that could not be verified. */
interface FailedVerify {
  readonly id: string
  readonly error: { readonly code: string; readonly message: string }
}

export const runVerify: RunCommand = async (args, context) => {
  const { output } = context
  const [id] = args.positionals
  if (id === undefined) return await verifyAll(args, context)
  await using service = await openLibrary(args, context)
  const report = await verifyOne(service, id, args, context)
  if (args.json) output.printJson(report)
  else for (const line of formatVerified(report, output.columns)) output.print(line)
  return isSound(report) ? exitDone : exitFailed
}

type VerifyArguments = CommandArguments

async function verifyAll(args: VerifyArguments, context: CliContext): Promise<number> {
  const { output } = context
  const service = await openLibraryIfThere(await context.config(args), context)
  await using _ = service
  const reports: (VerifiedImport | FailedVerify)[] = []
  for await (const snapshot of service?.each() ?? []) {
    if (service === undefined || snapshot.pieces === 0) continue
    const report = await tryOne(service, snapshot, args, context)
    reports.push(report)
    if (args.json) continue
    output.print(printable(snapshot.name ?? snapshot.id))
    const lines =
      'error' in report
        ? [`${report.error.message} [${report.error.code}]`]
        : formatVerified(report, output.columns)
    for (const line of lines) output.print(`  ${line}`)
  }
  if (args.json) output.printJson(reports)
  else if (reports.length === 0) output.print('nothing is stored')
  const verified = reports.flatMap((report) => ('error' in report ? [] : [report]))
  const isDone = verified.length === reports.length
  // What was given up is not read any more.
  if (isDone && verified.every((report) => report.bad.length === 0 || report.repair !== null))
    await service?.noteAllSound()
  return isDone && verified.every(isSound) ? exitDone : exitFailed
}

/** One that another process imports, or whose chunks cannot be read now, does not keep the others from being verified. */
async function tryOne(
  service: ImportService,
  { id }: ImportSnapshot,
  args: VerifyArguments,
  context: CliContext,
): Promise<VerifiedImport | FailedVerify> {
  try {
    return await verifyOne(service, id, args, context)
  } catch (error) {
    context.stop.signal.throwIfAborted()
    return { id, error: { code: codeOf(error), message: sentenceOf(error) } }
  }
}

async function verifyOne(
  service: ImportService,
  id: string,
  { json, repair }: VerifyArguments,
  { output, stop }: CliContext,
): Promise<VerifiedImport> {
  let progress = { checkedPieces: 0, totalPieces: 0 }
  const text = () => `checked ${progress.checkedPieces} of ${formatCount(progress.totalPieces, 'piece')}`
  const share = () => (progress.totalPieces === 0 ? 0 : progress.checkedPieces / progress.totalPieces)
  const texts = () => [formatShare(progress.checkedPieces, Math.max(1, progress.totalPieces)), text()]
  const view = {
    bar: (columns: number) => formatBar(share(), texts(), { columns, unicode: output.unicode }),
    line: text,
    event: () => undefined,
  }
  // One object is all that --json prints here.
  using _ = json ? undefined : new ProgressReporter(output, view, { json: false })
  return await service.verify(id, { repair, signal: stop.signal, onProgress: (now) => (progress = now) })
}

function isSound({ bad, repair }: VerifiedImport): boolean {
  return bad.length === 0 || repair?.lostPieces.length === 0
}
