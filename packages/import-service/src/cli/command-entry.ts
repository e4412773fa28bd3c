import type { RunCommand } from './command.js'
import type { Offer, OptionName } from './option-syntax.js'

export interface Positional {
  /** As in the usage line. */
  readonly name: string
  readonly isOptional?: true
  /** None, one or many; only the last may be. */
  readonly mayRepeat?: true
  readonly offer?: Offer
}

/** All that is told of a command: help, the manual page, completions and the README's table are made of this. */
export interface CommandEntry {
  readonly name: string
  readonly positionals: readonly Positional[]
  readonly summary: string
  /** Prose; where its lines end does not matter. */
  readonly description: string
  /** The options it takes and what each does, in the order in which they are shown. */
  readonly options: Readonly<Partial<Record<OptionName, string>>>
  /** Commands are loaded when they are called. */
  readonly load: () => Promise<RunCommand>
}

export const id: Positional = { name: 'ID', offer: 'ids' }
export const library = 'the library'
export const config = 'the file of settings, in place of BAE_CONFIG and of ~/.config/bae/bae.yaml'
