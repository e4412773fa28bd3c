/** What a shell offers for an argument, or for the value of an option. */
export type Offer = 'files' | 'folders' | 'ids' | readonly string[]

export interface OptionSyntax {
  /** What stands for the value in texts. Options without one are flags. */
  readonly value?: string
  readonly mayRepeat?: true
  readonly offer?: Offer
}

export const optionSyntax = {
  peer: { value: 'HOST:PORT', mayRepeat: true },
  select: { value: 'GLOB', mayRepeat: true },
  list: {},
  repair: {},
  attributes: {},
  verify: {},
  add: {},
  'dry-run': {},
  'forget-unknown': {},
  choose: {},
  seed: {},
  paused: {},
  off: {},
  follow: {},
  after: { value: 'SEQ' },
  output: { value: 'FILE', offer: 'files' },
  format: { value: 'FORMAT', offer: ['v1', 'v2', 'hybrid'] },
  'piece-length': { value: 'SIZE' },
  tracker: { value: 'URL', mayRepeat: true },
  'web-seed': { value: 'URL', mayRepeat: true },
  comment: { value: 'TEXT' },
  private: {},
  library: { value: 'DIR', offer: 'folders' },
  config: { value: 'FILE', offer: 'files' },
  set: { value: 'KEY=VALUE', mayRepeat: true },
  timeout: { value: 'SECONDS' },
  json: {},
} as const satisfies Readonly<Record<string, OptionSyntax>>

export type OptionName = keyof typeof optionSyntax

/** Options without a value. */
export type FlagName = {
  [Name in OptionName]: (typeof optionSyntax)[Name] extends { value: string } ? never : Name
}[OptionName]

export function syntaxOf(name: OptionName): OptionSyntax {
  return optionSyntax[name]
}

/** '--peer HOST:PORT'. */
export function optionText(name: OptionName): string {
  const { value } = syntaxOf(name)
  return `--${name}${value === undefined ? '' : ` ${value}`}`
}
