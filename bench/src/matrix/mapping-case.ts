import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import type { MapperFigures } from '../mapper-figures.js'
import type { Figures } from '../result-table.js'
import type { MatrixCase, Side } from './matrix-case.js'

/** Large enough that what a process pays once is not most of it. */
const smallGibibytes = 128
const largeGibibytes = 1024

/** Mapping pieces, and opening with half of them had, anywhere: a GiB of a large torrent against one of a smaller. */
export function mappingCase(): MatrixCase {
  const quantities = ['opening, µs of CPU a GiB', 'mapping a piece, ns of CPU']
  return {
    row: 6,
    name: `mapping and resuming 1 TiB without data, against ${smallGibibytes} GiB`,
    baseline: `${smallGibibytes} GiB`,
    goals: quantities.map((quantity) => ({ quantity, of: 'ratio', atMost: 1.1 })),
    async open() {
      return {
        sides: [side('bae, 1 TiB', largeGibibytes), side(`${smallGibibytes} GiB`, smallGibibytes)],
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}

function side(name: string, gibibytes: number): Side {
  return { name, measure: async () => measureMapping(gibibytes) }
}

function measureMapping(gibibytes: number): Figures {
  const subject = join(repositoryRoot, 'bench/dist/mapper-subject.js')
  const args = ['--expose-gc', subject, '1', 'half', String(gibibytes)]
  const found = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as MapperFigures
  return {
    'opening, µs of CPU a GiB': (found.openMs * 1000) / gibibytes,
    'mapping a piece, ns of CPU': found.mapNs,
  }
}
