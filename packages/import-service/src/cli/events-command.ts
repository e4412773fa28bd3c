import type { ImportEvent } from '../database/import-event.js'
import { ImportError, isBaeError } from '../errors.js'
import type { ImportService } from '../import-service.js'
import { type CliOutput, printable } from './cli-output.js'
import { exitDone, type RunCommand } from './command.js'
import { formatCount } from './format-quantities.js'
import { openLibraryIfThere } from './open-library.js'
import { findService } from './service-connection.js'
import { shortIdOf } from './short-id.js'

export const runEvents: RunCommand = async (args, context) => {
  const { output, stop } = context
  const [text] = args.values.get('after') ?? []
  const after = text === undefined ? undefined : parseSequence(text)
  const options = { follow: args.flags.has('follow'), ...(after !== undefined && { after }) }
  const config = await context.config(args)
  const running = await findService(config, context)
  await using library = running === undefined ? await openLibraryIfThere(config, context) : undefined
  // Nothing has happened to a library that is not there.
  const service = running ?? library
  const events = service?.events({ ...options, signal: stop.signal }) ?? []
  // For people, who know no ids; a log of 100,000 events is read by programs.
  const names = new Names(output.columns === undefined ? undefined : service)
  let last = after
  try {
    for await (const event of events) {
      if (last !== undefined && event.seq > last + 1) tellGap(output, last, event.seq, args.json)
      last = event.seq
      if (args.json) output.printJson(event)
      else output.print(formatEvent(event, await names.of(event.importId)))
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

/** What the list calls imports, each asked for once. Of one that was removed its id is left. */
class Names {
  readonly #service: Pick<ImportService, 'get'> | undefined
  readonly #known = new Map<string, string>()

  constructor(service: Pick<ImportService, 'get'> | undefined) {
    this.#service = service
  }

  async of(id: string): Promise<string> {
    const known = this.#known.get(id) ?? (await this.#ask(id))
    this.#known.set(id, known)
    return known
  }

  async #ask(id: string): Promise<string> {
    try {
      const snapshot = await this.#service?.get(id)
      return snapshot === undefined
        ? id
        : `${shortIdOf(snapshot)}  ${printable(snapshot.name ?? '(no name yet)')}:`
    } catch (error) {
      if (!isBaeError(error, 'IMPORT_NOT_FOUND')) throw error
      return id
    }
  }
}

function formatEvent({ seq, atMs, from, to, reason }: ImportEvent, name: string): string {
  const time = new Date(atMs).toISOString()
  const { code, message, error } = reason
  const failure = error && `${error.message} [${error.code}]`
  const words = [code, message, failure].filter((each) => each !== undefined).join(': ')
  return `${seq}  ${time}  ${name}  ${from ?? '-'} > ${to}  ${printable(words)}`
}
