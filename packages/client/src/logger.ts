/** Where the client tells what nobody awaits. A pino logger fits. */
export interface Logger {
  warn(details: Readonly<Record<string, unknown>>, message: string): void
}

export const SILENT_LOGGER: Logger = { warn() {} }
