import { describe, expect, it } from 'vitest'
import { importCircles } from '../import-circles.js'

const circlesOf = (sources: Readonly<Record<string, string>>) =>
  importCircles(new Map(Object.entries(sources)))

describe('imports in a circle', () => {
  it('are found as the way from a file back to it, over lazy ones too', () => {
    const found = circlesOf({
      'p/main.ts': "import { a } from './a.js'\n",
      'p/a.ts': "import { b } from './in/b.js'\n",
      'p/in/b.ts': "export const c = () => import('../c.js')\n",
      'p/c.ts': "export { a } from './a.js'\n",
    })
    expect(found).toEqual([['p/a.ts', 'p/in/b.ts', 'p/c.ts', 'p/a.ts']])
  })

  it('are found where a file imports itself', () => {
    expect(circlesOf({ 'a.ts': "import { b } from './a.js'\n" })).toEqual([['a.ts', 'a.ts']])
  })

  it('are no circles where two ways lead to one file, or where types alone go back', () => {
    const found = circlesOf({
      'a.ts': "import { b } from './b.js'\nimport { c } from './c.js'\n",
      'b.ts': "import { c } from './c.js'\nimport type { A } from './a.js'\n",
      'c.ts': "import { d } from './missing.js'\nimport { e } from 'elsewhere'\n",
    })
    expect(found).toEqual([])
  })
})
