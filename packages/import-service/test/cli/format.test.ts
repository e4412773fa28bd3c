import { describe, expect, it } from 'vitest'
import { formatProgress, formatProgressLine } from '../../src/cli/format-progress.js'
import {
  formatBytes,
  formatDuration,
  formatRate,
  formatShare,
  formatShortDuration,
} from '../../src/cli/format-quantities.js'
import { clipText, textWidth } from '../../src/cli/text-width.js'
import type { ImportProgress } from '../../src/import-progress.js'
import { torrentId } from '../support/records.js'

const MiB = 1024 * 1024
const progress: ImportProgress = {
  id: torrentId('1'),
  name: 'album',
  state: 'downloading',
  pieces: 16,
  totalPieces: 30,
  bytes: 16 * MiB,
  totalBytes: 30 * MiB,
  downloadBytesPerSecond: 7 * MiB,
  uploadBytesPerSecond: 0,
  peers: 1,
  pause: null,
  retryAtMs: null,
  error: null,
}

describe('quantities', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [1023, '1023 bytes'],
    [1024, '1.00 KiB'],
    [30.2 * MiB, '30.2 MiB'],
    [1023 * MiB, '1023 MiB'],
    [1023.9 * MiB, '1.00 GiB'],
    [2.5 * 1024 ** 5, '2.50 PiB'],
  ])('shows %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it.each([
    [0.04, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [7_620, '2 h 07 min'],
    [273_600, '3 d 04 h'],
  ])('shows %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })

  it.each([
    [0, '1s'],
    [59.4, '59s'],
    [185, '3m05s'],
    [7_620, '2h07m'],
    [273_600, '3d04h'],
    [99.9 * 86_400, '99d21h'],
    [10 ** 12, '>99d'],
  ])('shows %d seconds in a table as %s', (seconds, text) => {
    expect(formatShortDuration(seconds)).toBe(text)
  })

  it('never says 100% before all is there', () => {
    expect(formatShare(999, 1000)).toBe('99%')
    expect(formatShare(1000, 1000)).toBe('100%')
    expect(formatShare(0, 0)).toBe('100%')
  })

  it('keeps small rates short', () => {
    expect(formatRate(0)).toBe('0 B/s')
    expect(formatRate(2 * MiB)).toBe('2.00 MiB/s')
  })
})

describe('formatProgress', () => {
  it('draws share, size, rate, time left and peers in 80 columns', () => {
    const line = formatProgress(progress, { columns: 80, unicode: false })
    expect(line).toMatch(/^#+\.+ {2}53% {2}16\.0 MiB of 30\.0 MiB {2}7\.00 MiB\/s {2}2\.0 s left {2}1 peer$/)
    expect(line.length).toBeLessThan(80)
  })

  it.each([20, 30, 40, 60, 80, 120, 200])('stays on one line of %d columns', (columns) => {
    const huge = {
      ...progress,
      bytes: 1.5e14,
      totalBytes: 2.9e14,
      peers: 1234,
      downloadBytesPerSecond: 12_345,
    }
    for (const state of [
      progress,
      huge,
      { ...progress, totalPieces: null, totalBytes: null, state: 'fetchingMetadata' as const },
    ]) {
      expect(textWidth(formatProgress(state, { columns, unicode: true }))).toBeLessThan(columns)
    }
  })

  it('draws a full bar only at the end', () => {
    const almost = formatProgress({ ...progress, pieces: 29 }, { columns: 80, unicode: false })
    expect(almost).toMatch(/^#+\.+ /)
    const done = formatProgress(
      { ...progress, pieces: 30, state: 'completing' },
      { columns: 80, unicode: false },
    )
    expect(done).toMatch(/^#+ {2}100%.*finishing$/)
  })

  it('says that it waits for peers', () => {
    const alone = { ...progress, peers: 0, downloadBytesPerSecond: 0 }
    expect(formatProgress(alone, { columns: 80, unicode: false })).toMatch(/waiting for peers$/)
    expect(formatProgressLine({ ...progress, totalPieces: null, state: 'fetchingMetadata' })).toBe(
      'asking peers what the torrent holds, 1 peer',
    )
  })

  it('does not call it waiting when peers have given everything and left', () => {
    const last = { ...progress, pieces: 29, bytes: 29 * 2 ** 20, peers: 0 }
    expect(formatProgressLine(last)).toMatch(/, storing what came$/)
  })

  it('calls it waiting when peers left in the middle, whatever their rate was', () => {
    const alone = { ...progress, peers: 0, downloadBytesPerSecond: 1_000_000 }
    expect(formatProgressLine(alone)).toMatch(/, waiting for peers$/)
  })

  it('says that it waits for data where no rate is known', () => {
    expect(formatProgressLine({ ...progress, downloadBytesPerSecond: 0 })).toMatch(
      /, waiting for data, 1 peer$/,
    )
  })

  it('says until when it is paused, also beside the bar of a narrow terminal', () => {
    const paused = { ...progress, state: 'paused', pause: 'noSpace' } as const
    expect(formatProgress(paused, { columns: 80, unicode: false })).toContain('paused until there is room')
    expect(formatProgressLine({ ...paused, pause: 'databaseAway' })).toMatch(/until the database is back$/)
    expect(formatProgressLine({ ...paused, totalPieces: null, pause: 'user' })).toBe(
      "paused until 'bae resume'",
    )
  })

  it('has a form for logs', () => {
    expect(formatProgressLine(progress)).toBe(
      '53%, 16 of 30 pieces, 16.0 MiB of 30.0 MiB, 7.00 MiB/s, 2.0 s left, 1 peer',
    )
  })
})

describe('clipText', () => {
  it('cuts by columns, not by characters', () => {
    expect(clipText('short', 5)).toBe('short')
    expect(clipText('longer text', 8)).toBe('longe...')
    expect(clipText('東京東京東京', 9)).toBe('東京東...')
    expect(textWidth(clipText('🎵🎵🎵🎵🎵', 8))).toBeLessThanOrEqual(8)
  })
})
