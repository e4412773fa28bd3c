import { describe, expect, it } from 'vitest'
import { selectedFiles } from '../src/file-selector.js'
import { FileWishes } from '../src/file-wishes.js'
import { createTestTorrent } from '../src/testing/index.js'

const names = ['disc 1/01 a.flac', 'disc 1/cover.jpg', 'disc 2/extra/02 b.flac', 'readme.txt', 'a[1].txt']
const { layout } = createTestTorrent({ files: Object.fromEntries(names.map((name) => [name, 10])) })

describe('selectedFiles', () => {
  it.each([
    ['*.flac', [0, 2]],
    ['disc 1/*', [0, 1]],
    ['disc 2/*', []],
    ['disc 2/**', [2]],
    ['**', [0, 1, 2, 3, 4]],
    ['**/*.flac', [0, 2]],
    ['*.{jpg,txt}', [1, 3, 4]],
    ['0? *', [0, 2]],
    ['??? *.flac', []],
    ['[!r]*.txt', [4]],
    ['a\\[1].txt', []],
    ['disc 1/0[0-9] a.flac', [0]],
    ['READ*', []],
  ])('takes %s', (glob, indices) => {
    expect(selectedFiles(layout, glob)).toEqual(indices)
  })

  it('takes indices and several at once', () => {
    expect(selectedFiles(layout, 3)).toEqual([3])
    expect(selectedFiles(layout, [3, '*.jpg', 3])).toEqual([1, 3])
    expect(selectedFiles(layout, [])).toEqual([])
  })

  it('refuses a file that is not there, and a glob without an end', () => {
    for (const index of [5, -1, 1.5, Number.NaN])
      expect(() => selectedFiles(layout, index)).toThrow(RangeError)
    for (const glob of ['*.{a,b', '[z-a]*']) expect(() => selectedFiles(layout, glob)).toThrow(TypeError)
  })

  it('never takes padding', () => {
    const padded = createTestTorrent({ fileLengths: [10, 16_374, 10] } as never).layout
    expect(selectedFiles(padded, '**')).toEqual([0, 2])
  })
})

describe('FileWishes', () => {
  it('wants everything unless something else is wished', () => {
    const wishes = new FileWishes()
    wishes.resolve(layout)
    expect([wishes.isDefault, wishes.priorities]).toEqual([true, undefined])
  })

  it('keeps the order of wishes until the files are known', () => {
    const wishes = new FileWishes()
    wishes.wish('**', 'skip', undefined)
    wishes.wish('*.flac', 'normal', undefined)
    wishes.wish([2, 99], 7, undefined)
    expect(wishes.priorities).toBeUndefined()
    wishes.resolve(layout)
    expect(wishes.priorities).toEqual([4, 0, 7, 0, 0])
    wishes.wish(1, 'low', layout)
    expect(wishes.priorities).toEqual([4, 1, 7, 0, 0])
  })

  it('refuses what it cannot do, and changes nothing', () => {
    const wishes = new FileWishes()
    for (const priority of [8, -1, 0.5, 'urgent' as never]) {
      expect(() => wishes.wish(0, priority, layout)).toThrow(RangeError)
    }
    expect(() => wishes.wish(5, 'top', layout)).toThrow(RangeError)
    expect(wishes.isDefault).toBe(true)
  })
})
