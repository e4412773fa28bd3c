import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { otherClientCases, seedingCases } from './client-cases.js'
import { downloadCases, growthCase } from './download-cases.js'
import { manyCases } from './many-cases.js'
import { mappingCase } from './mapping-case.js'
import type { MatrixCase } from './matrix-case.js'
import { verifyCases } from './verify-cases.js'

export interface MatrixSize {
  /** Of the usual torrent: rows 1 to 3 have it, and growth is from a quarter to four times of it. */
  readonly totalBytes: number
  /** Where WebTorrent was installed. */
  readonly webtorrent?: string
}

/** Others are slow with one fast peer, and are measured to be beside them, not to the second. */
const otherClientBytes = 512 * mebibyte

/** All of the matrix, row by row. The first case of each row is the one of a short run. */
export function matrixCases({ totalBytes, webtorrent }: MatrixSize): readonly MatrixCase[] {
  return [
    ...downloadCases(totalBytes),
    ...otherClientCases(Math.min(totalBytes, otherClientBytes), webtorrent),
    ...seedingCases(totalBytes),
    ...verifyCases(totalBytes),
    ...manyCases(),
    growthCase(totalBytes / 4, totalBytes),
    growthCase(totalBytes, totalBytes * 4),
    mappingCase(),
  ]
}

export function firstOfEachRow(cases: readonly MatrixCase[]): readonly MatrixCase[] {
  return cases.filter(({ row }, at) => at === cases.findIndex((other) => other.row === row))
}
