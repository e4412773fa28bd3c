import { describe, expect, it } from 'vitest'
import { importsOf } from '../module-imports.js'

describe('importsOf', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["import type { A } from 'a'", 'a', 'type'],
    ["import type A from 'a'", 'a', 'type'],
    ["export type { A } from 'a'", 'a', 'type'],
    ["import { a } from 'a'", 'a', 'static'],
    ["import * as a from 'a'", 'a', 'static'],
    ["import 'a'", 'a', 'static'],
    ["export * from 'a'", 'a', 'static'],
    ["import {\n  a,\n  b,\n} from 'a'", 'a', 'static'],
    ["const a = await import('a')", 'a', 'lazy'],
    ["let a: typeof import('a')", 'a', 'type'],
  ]
  it.each(cases)('finds %j', (source, specifier, kind) => {
    expect(importsOf(source)).toEqual([expect.objectContaining({ specifier, kind })])
  })

  it('counts an import of types only inside braces as one at run time, as it is emitted', () => {
    expect(importsOf("import { type A } from 'a'")).toEqual([{ specifier: 'a', kind: 'static', line: 1 }])
  })

  it('does not take comments for imports and keeps line numbers behind them', () => {
    const source = "/* import { a } from 'a'\n */\n// import('b')\nimport { c } from 'c' // import 'd'\n"
    expect(importsOf(source)).toEqual([{ specifier: 'c', kind: 'static', line: 4 }])
  })
})
