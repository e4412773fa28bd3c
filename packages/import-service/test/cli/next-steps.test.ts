import { describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.js'
import { nextStepOf, nextSteps } from '../../src/cli/next-steps.js'
import { optionSyntax } from '../../src/cli/option-syntax.js'

/** Their messages say what to do; other tests of the command line read them. */
const saidByTheMessage = [
  'IMPORT_NOT_FOUND',
  'IMPORT_AMBIGUOUS_ID',
  'IMPORT_INTERRUPTED',
  'IMPORT_USAGE',
  'IMPORT_CONFIG_INVALID',
  'IMPORT_FILE_NOT_FOUND',
  'STORAGE_POSTGRES_FOLDER',
  'NATIVE_BINDING_NOT_FOUND',
]

describe('the next step of an error', () => {
  it('is known for every code but those whose messages say it', () => {
    const without = Object.entries(nextSteps).flatMap(([code, step]) => (step === undefined ? [code] : []))
    expect(without.sort()).toEqual(saidByTheMessage.sort())
  })

  it('names only commands and options that there are', () => {
    const steps = Object.values(nextSteps).join('\n')
    const named = [...steps.matchAll(/'bae ([a-z]+)/g)].map(([, name = '']) => name)
    expect(named).toContain('doctor')
    for (const name of named) expect(commands.map((each) => each.name)).toContain(name)
    for (const [, option] of steps.matchAll(/(?<= |')--([a-z-]+)/g))
      expect(Object.keys(optionSyntax)).toContain(option)
  })

  it('of a code that is not known is nothing', () => {
    expect(nextStepOf('INTERNAL')).toBeUndefined()
    expect(nextStepOf('toString')).toBeUndefined()
  })
})
