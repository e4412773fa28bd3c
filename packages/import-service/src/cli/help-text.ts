import { commands } from './commands.js'

export function helpText(): string {
  const width = Math.max(...commands.map((command) => command.usage.length))
  const lines = commands.map(({ usage, summary }) => `  bae ${usage.padEnd(width)}  ${summary}`)
  return `bae imports torrents straight into a library of verified chunks.

Usage:
${lines.join('\n')}

  bae COMMAND --help tells more about one command; bae --version says the version.

Where things are:
  --library DIR, else BAE_LIBRARY, else ~/.local/share/bae (/var/lib/bae for root).
  BAE_DATABASE_URL=postgres://... uses that server instead of the library's own.

ID is what 'bae list' shows: an id, an info hash, or the beginning of one.
New here? 'bae demo' shows everything in half a minute.`
}
