import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportSnapshot } from '@bae/import-service'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, completedOf } from '../harness/bae-process.js'
import { expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const daySeconds = 86_400
/** Far less than the clock is set by. */
const timeoutSeconds = 600
const blocksOfPiece = mebibyte / (16 * kibibyte)

it('a clock that is set forth and back during an import changes nothing but its dates', async (context) => {
  needs(context, 'python3-libtorrent', 'faketime')
  const torrent = await workshop.fileTorrent(16 * mebibyte, mebibyte)
  // It gives no more before the clock is set.
  await using seed = await RawSeed.start(await readTorrent(torrent), { blocks: 5 * blocksOfPiece })
  await using library = await BaeLibrary.create()
  const offset = join(library.root, 'offset')
  const set = (days: number) => writeFile(offset, `${days < 0 ? '' : '+'}${days * daySeconds}`)
  await set(0)
  const env = { ...clockOf(offset) }
  const words = [
    'import',
    torrent.path,
    '--peer',
    seed.address,
    '--timeout',
    String(timeoutSeconds),
    '--json',
  ]
  await using importing = new BaeProcess(library, words, { env })
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 2)
  await set(3)
  seed.allow(5 * blocksOfPiece)
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 7)
  await set(-30)
  seed.allow(Number.POSITIVE_INFINITY)
  const { id, pieces, seconds } = completedOf(await importing.result(60_000))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThan(timeoutSeconds)
  // It was the clock of this process that was set: it is dated a month ago.
  const [listed] = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
  expect(listed).toMatchObject({ state: 'completed', seconds })
  expect(listed?.completedAtMs).toBeLessThan((listed?.addedAtMs ?? 0) - 20 * daySeconds * 1000)
  await expectVerified(library, id, pieces)
  expect((await bae(library, ['gc'])).stdout).toBe('nothing to collect\n')
})

/** The time of day is off by what the file says, at each look; how long things take is not touched. */
function clockOf(offset: string): NodeJS.ProcessEnv {
  const [, preload] =
    /^LD_PRELOAD=(.*)$/m.exec(execFileSync('faketime', ['-f', '+0', 'env'], { encoding: 'utf8' })) ?? []
  return {
    LD_PRELOAD: preload,
    FAKETIME_TIMESTAMP_FILE: offset,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
}
