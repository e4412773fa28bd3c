import type { Workshop } from 'bae-e2e/harness/workshop.js'
import type { Figures } from '../result-table.js'
import type { CaseResult, MatrixCase, OpenCase } from './matrix-case.js'

/** Measures all sides in turn (A B C A B C ...). What fails ends this case alone. */
export async function runCase(
  matrixCase: MatrixCase,
  workshop: Workshop,
  rounds: number,
  say: (line: string) => void,
): Promise<CaseResult> {
  const { row, name, baseline, control, goals } = matrixCase
  const measured = new Map<string, Figures[]>()
  let failure: string | undefined
  try {
    await using opened = await matrixCase.open(workshop)
    for (let round = 1; round <= rounds; round += 1) {
      const figures = await measureRound(opened, (side) => say(`round ${round} of ${rounds}: ${side}`))
      // Whole rounds only: a ratio needs both of its sides.
      for (const [side, found] of figures) measured.set(side, [...(measured.get(side) ?? []), found])
    }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
    say(`failed: ${failure}`)
  }
  return {
    row,
    name,
    baseline,
    ...(control !== undefined && { control }),
    goals,
    sides: [...measured].map(([side, found]) => ({ name: side, rounds: found })),
    ...(failure !== undefined && { failure }),
  }
}

async function measureRound(
  { sides }: OpenCase,
  say: (side: string) => void,
): Promise<ReadonlyMap<string, Figures>> {
  const figures = new Map<string, Figures>()
  for (const side of sides) {
    say(side.name)
    figures.set(side.name, await side.measure())
  }
  return figures
}
