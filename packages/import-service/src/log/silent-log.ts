import type { Log } from './log.js'

function ignore(): void {}

/** For commands that tell nothing beside their result: as good as a log, and nothing has to be loaded for it. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, level: 'silent' }
