import { setTimeout as delay } from 'node:timers/promises'
import type { ControlClient } from '../control/control-client.js'
import type { CliOutput } from './cli-output.js'
import { exitDone, exitFailed, type RunCommand } from './command.js'
import { formatScreen, formatWatchedLine } from './format-watched.js'
import { findRunningService } from './service-connection.js'
import { isSettled, type WatchedImport, WatchedImports } from './watched-imports.js'

const lookIntervalMs = 500
/** Of an import that only goes on as before. */
const lineIntervalMs = 5_000

export const runWatch: RunCommand = async (args, context) => {
  const { output, stop } = context
  const service = await findRunningService(args, context)
  const ids = await resolveIds(service, args.positionals, stop.signal)
  const watched = new WatchedImports(service)
  const view = args.json
    ? new JsonView(output)
    : output.hasScreen
      ? new ScreenView(output)
      : new LineView(output)
  try {
    for (;;) {
      const imports =
        ids.length === 0 ? await watched.look(stop.signal) : await watched.lookAt(ids, stop.signal)
      view.show(imports, watched.waiting)
      if (ids.length > 0 && imports.every(isSettled)) return exitCodeOf(imports)
      await delay(lookIntervalMs, undefined, { signal: stop.signal })
    }
  } catch (error) {
    // To be stopped is how watching ends.
    if (!stop.signal.aborted || stop.lostOutput) throw error
    return stop.exitCode ?? exitDone
  } finally {
    view.close()
  }
}

function resolveIds(
  service: ControlClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  return Promise.all(ids.map(async (id) => (await service.get(id, { signal })).id))
}

function exitCodeOf(imports: readonly WatchedImport[]): number {
  return imports.every(({ state }) => state === 'completed' || state === 'seeding') ? exitDone : exitFailed
}

interface WatchView {
  show(imports: readonly WatchedImport[], waiting: number): void
  close(): void
}

/** Drawn over itself; what was last seen stays behind when it closes. */
class ScreenView implements WatchView {
  readonly #output: CliOutput
  #lines: () => readonly string[] = () => []

  constructor(output: CliOutput) {
    this.#output = output
    output.openScreen()
  }

  show(imports: readonly WatchedImport[], waiting: number): void {
    this.#lines = () => formatScreen(imports, this.#output.screenSize, waiting)
    this.#output.drawScreen(this.#lines())
  }

  close(): void {
    this.#output.closeScreen()
    for (const line of this.#lines()) this.#output.print(line)
  }
}

/** A line whenever the state of an import changes, and now and then while it goes on. */
class LineView implements WatchView {
  readonly #output: CliOutput
  readonly #told = new Map<string, { readonly state: string; readonly line: string; readonly atMs: number }>()

  constructor(output: CliOutput) {
    this.#output = output
  }

  show(imports: readonly WatchedImport[]): void {
    const atMs = performance.now()
    for (const watched of imports) {
      const { id, state } = watched
      const line = formatWatchedLine(watched)
      const last = this.#told.get(id)
      if (last?.line === line) continue
      if (last?.state === state && atMs - last.atMs < lineIntervalMs) continue
      this.#told.set(id, { state, line, atMs })
      this.#output.print(line)
    }
  }

  close(): void {}
}

/** An object whenever something of an import changes. */
class JsonView implements WatchView {
  readonly #output: CliOutput
  readonly #told = new Map<string, string>()

  constructor(output: CliOutput) {
    this.#output = output
  }

  show(imports: readonly WatchedImport[]): void {
    for (const { shortId: _, ...watched } of imports) {
      const event = { event: 'progress', ...watched }
      const text = JSON.stringify(event)
      if (this.#told.get(watched.id) === text) continue
      this.#told.set(watched.id, text)
      this.#output.printJson(event)
    }
  }

  close(): void {}
}
