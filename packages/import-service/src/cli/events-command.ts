import type { ImportEvent } from '../database/import-event.js'
import { ImportError } from '../errors.js'
import { type CliOutput, printable } from './cli-output.js'
import { exitDone, type RunCommand } from './command.js'
import { formatCount } from './format-quantities.js'
import { openLibraryIfThere } from './open-library.js'
import { findService } from './service-connection.js'

export const runEvents: RunCommand = async (args, context) => {
  const { output, stop } = context
  const [text] = args.values.get('after') ?? []
  const after = text === undefined ? undefined : parseSequence(text)
  const options = { follow: args.flags.has('follow'), ...(after !== undefined && { after }) }
  const config = await context.config(args)
  const running = await findService(config, context)
  await using library = running === undefined ? await openLibraryIfThere(config, context) : undefined
  // Nothing has happened to a library that is not there.
  const events = (running ?? library)?.events({ ...options, signal: stop.signal }) ?? []
  let last = after
  try {
    for await (const event of events) {
      if (last !== undefined && event.seq > last + 1) tellGap(output, last, event.seq, args.json)
      last = event.seq
      if (args.json) output.printJson(event)
      else output.print(formatEvent(event))
      // Whoever reads slowly slows the service down, and fills no memory here.
      await output.written()
    }
  } catch (error) {
    // To be stopped is how following ends.
    if (!stop.signal.aborted || stop.lostOutput) throw error
  }
  if (last === after && !args.json && !stop.signal.aborted)
    output.note(`nothing has happened ${after === undefined ? 'yet' : `after ${after}`}`)
  return stop.exitCode ?? exitDone
}

function parseSequence(text: string): number {
  const after = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(after)) return after
  throw new ImportError('IMPORT_USAGE', `--after takes the number of an event, not '${text}'`)
}

/** Old events go; who comes too late is told, and does not take what is missing for nothing. */
function tellGap(output: CliOutput, last: number, next: number, json: boolean): void {
  const missing = next - last - 1
  if (json) output.printJson({ event: 'lagged', after: last, firstSeq: next, missing })
  else output.note(`${formatCount(missing, 'event')} after ${last} are kept no more`)
}

function formatEvent({ seq, atMs, importId, from, to, reason }: ImportEvent): string {
  const time = new Date(atMs).toISOString()
  const { code, message, error } = reason
  const failure = error && `${error.message} [${error.code}]`
  const words = [code, message, failure].filter((each) => each !== undefined).join(': ')
  return `${seq}  ${time}  ${importId}  ${from ?? '-'} > ${to}  ${printable(words)}`
}
