import { join } from 'node:path'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import type { ManyFigures, ManyPlan } from './many-torrents.js'

const runLimitMs = 300_000
const program = join(repositoryRoot, 'bench/dist/many-client.js')

/** 'open' and 'restore' need what 'add' has left; 'restore' removes it. */
export async function runManyClient(role: 'add' | 'open' | 'restore', plan: ManyPlan): Promise<ManyFigures> {
  await using client = new ChildProgram(process.execPath, [program, role, JSON.stringify(plan)])
  const figures = JSON.parse(await client.nextLine(runLimitMs)) as ManyFigures
  const { code } = await client.whenExited(runLimitMs)
  if (code !== 0) throw new Error(`${role} exited ${code}: ${client.stderr}`)
  return figures
}
