import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import { runManyClient } from '../many-run.js'
import type { ManyPlan } from '../many-torrents.js'
import type { Figures } from '../result-table.js'
import type { Goal, MatrixCase, Side } from './matrix-case.js'

const opened = 'start to all open, s'
const memory = 'memory of a torrent, KiB'
const idle = 'idle, % of a core'

const goals: Readonly<Record<number, readonly Goal[]>> = {
  1000: [{ quantity: idle, of: 'figure', atMost: 1 }],
  10000: [
    { quantity: opened, of: 'figure', atMost: 5 },
    { quantity: memory, of: 'figure', atMost: 60 },
  ],
}

export function manyCases(): readonly MatrixCase[] {
  return [1_000, 10, 10_000].map((torrents) => ({
    row: 5,
    name: `${torrents} torrents of 64 KiB`,
    baseline: 'mmap',
    goals: goals[torrents] ?? [],
    async open() {
      const plans = [
        ['bae', await makePlan(torrents, 'library')],
        ['mmap', await makePlan(torrents, 'files')],
      ] as const
      try {
        for (const [, plan] of plans) await runManyClient('add', plan)
        return {
          sides: plans.map(([name, plan]): Side => ({ name, measure: () => measureOpening(plan) })),
          [Symbol.asyncDispose]: async () => void (await removePlans(plans.map(([, plan]) => plan))),
        }
      } catch (error) {
        await removePlans(plans.map(([, plan]) => plan))
        throw error
      }
    },
  }))
}

async function makePlan(torrents: number, storage: ManyPlan['storage']): Promise<ManyPlan> {
  return { torrents, step: torrents, storage, folder: await makeTemporaryFolder() }
}

async function removePlans(plans: readonly ManyPlan[]): Promise<void> {
  for (const { folder } of plans) await removeFolder(folder)
}

async function measureOpening(plan: ManyPlan): Promise<Figures> {
  const { steps, openMs = Number.NaN, idleCpuPercent = Number.NaN } = await runManyClient('open', plan)
  return {
    [opened]: openMs / 1000,
    [memory]: steps.restore?.[0]?.kibibytes ?? Number.NaN,
    [idle]: idleCpuPercent,
  }
}
