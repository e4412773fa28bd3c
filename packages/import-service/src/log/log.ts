import type { Logger } from '@bae/storage'
import { type DestinationStream, pino } from 'pino'
import { prettyLine } from './pretty-line.js'
import { redact, redactAll } from './redact.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** For people at a terminal. Otherwise each line is an object. */
  readonly isPretty: boolean
  /** Takes a line, without its end. */
  readonly write: (line: string) => void
}

/** Where all rooms tell what nobody awaits. Its level may change at any time. */
export interface Log extends Logger {
  level: LogLevel
}

/** Lines for `write`, without secrets: addresses are shown as far as their host. */
export function openLog({ level, isPretty, write }: LogOptions): Log {
  const stream: DestinationStream = {
    write: (line) => write(isPretty ? prettyLine(line) : line.trimEnd()),
  }
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    // Errors are plain by then, and pino would take them for its own.
    serializers: { err: (plain: unknown) => plain },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = pino(options, stream)
  const tell =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      // What nobody reads costs nothing.
      if (logger.isLevelEnabled(name)) logger[name](redactAll(fields), redact(message))
    }
  return {
    debug: tell('debug'),
    info: tell('info'),
    warn: tell('warn'),
    error: tell('error'),
    get level(): LogLevel {
      return logger.level as LogLevel
    },
    set level(wanted) {
      logger.level = wanted
    },
  }
}
