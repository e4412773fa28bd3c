import * as v from 'valibot'
import { parseBytes } from './parse-bytes.js'
import type { SettingKey } from './settings.js'

/** A value that is read from its text, whichever source it comes from. `what` follows the name of the setting. */
function word<T extends string | number | boolean | null>(
  parse: (text: string) => T | undefined,
  what: string,
) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value.trim())
      if (value !== undefined) return value
      addIssue({ message: what })
      return NEVER
    }),
  )
}

function oneOf<const Words extends readonly string[]>(words: Words) {
  const named = words.map((each) => `"${each}"`)
  const what = `is ${named.slice(0, -1).join(', ')} or ${named.at(-1)}`
  return word((text): Words[number] | undefined => words.find((each) => each === text), what)
}

/** `null` is without a limit. */
function limit(parse: (text: string) => number | undefined, what: string) {
  return word((text) => (text === 'unlimited' ? null : parse(text)), `${what}, or "unlimited"`)
}

const folder = word((text) => text || undefined, 'names a folder')
const rate = limit(parseRate, 'is bytes in a second or a rate such as "10 MiB/s"')
const count = word(parseCount, 'is a whole number')
const onOff = word(parseSwitch, 'is "on" or "off"')

/** Every setting, as text comes in and as a value goes out. What is left out of a source stays out. */
export const schema = v.strictObject({
  library: v.optional(folder),
  databaseUrl: v.optional(
    word(parseDatabaseUrl, 'is an address such as "postgres://user@host:5432/database"'),
  ),
  state: v.optional(folder),
  capacity: v.optional(limit(parseBytes, 'is bytes or a size such as "200 GiB"')),
  remote: v.optional(folder),
  durability: v.optional(oneOf(['process', 'power'])),
  checkReads: v.optional(oneOf(['first', 'always'])),
  listen: v.optional(
    word(parseListen, 'is ADDRESS:PORT, several with commas, such as "0.0.0.0:6881,[::]:6881"'),
  ),
  activeDownloads: v.optional(count),
  activeSeeds: v.optional(count),
  metadataFetches: v.optional(count),
  seed: v.optional(onOff),
  downloadRate: v.optional(rate),
  uploadRate: v.optional(rate),
  encryption: v.optional(oneOf(['disabled', 'enabled', 'forced'])),
  dht: v.optional(onOff),
  lsd: v.optional(onOff),
  upnp: v.optional(onOff),
  natPmp: v.optional(onOff),
  logLevel: v.optional(oneOf(['debug', 'info', 'warn', 'error', 'silent'])),
} satisfies Readonly<Record<SettingKey, unknown>>)

export type SettingValues = v.InferOutput<typeof schema>

/** Nothing moves at a rate of 0, which libtorrent takes for no limit at all. */
function parseRate(text: string): number | undefined {
  return parseBytes(text.replace(/\s*\/\s*s$/i, '')) || undefined
}

function parseCount(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function parseSwitch(text: string): boolean | undefined {
  const lower = text.toLowerCase()
  if (['on', 'true', 'yes', '1'].includes(lower)) return true
  return ['off', 'false', 'no', '0'].includes(lower) ? false : undefined
}

function parseDatabaseUrl(text: string): string | undefined {
  return /^postgres(ql)?:\/\/\S*$/.test(text) && URL.canParse(text) ? text : undefined
}

/** An address, or the name of a network device, as libtorrent takes them. */
function parseListen(text: string): string | undefined {
  const places = text.split(',').map((each) => each.trim())
  const areFine = places.every((each) => {
    const [, port] = /^(?:\[[0-9a-f:.]+(?:%\w+)?\]|[\w.-]+):(\d{1,5})[sl]*$/i.exec(each) ?? []
    return port !== undefined && Number(port) < 65_536
  })
  return areFine ? places.join(',') : undefined
}
