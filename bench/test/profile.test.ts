import { expect, it } from 'vitest'
import { drawFlameGraph } from '../src/profile/flame-graph.js'
import { type Frame, readSamples, type Sample } from '../src/profile/fold-stacks.js'
import { formatProfile } from '../src/profile/profile-tables.js'

const script = `node    12/12     2004008 
\tffffffff81 do_syscall_64 ([kernel.kallsyms])
\t    7f0042 [unknown] ([unknown])
\t    7f0041 JS:*writePiece file:///home/me/bae/packages/storage/dist/bae-storage.js:12:3 (/tmp/perf-12.map)
\t    7f0040 JS:~connect file:///home/me/bae/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js:9:1 (/tmp/perf-12.map)
\t     4f001 v8::(anonymous namespace)::Run<std::pair<int, int> > (/usr/bin/node)

node    12/15     1000000 
\t    7f1003 [unknown] (/usr/lib/libcrypto.so.3)
\t    7f1002 [unknown] (/usr/lib/libcrypto.so.3)
\t    7f1001 bae::HasherThread::run (/home/me/bae/packages/native/build/bae_native.node)

node    12/15     1000000 
\t    7f1002 [unknown] (/usr/lib/libcrypto.so.3)

`

function sample(seconds: number, ...names: readonly string[]): Sample {
  const frames = names.map((name): Frame => ({ name, kind: 'native' }))
  return { processId: 1, threadId: 1, command: 'postgres', frames, seconds }
}

/** By name: where a function stands and how wide it is. */
function boxes(
  svg: string,
): ReadonlyMap<string, { readonly x: number; readonly y: number; readonly width: number }> {
  const shape = /<title>(.+) \([^<]*<\/title><rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g
  return new Map(
    [...svg.matchAll(shape)].map(([, name = '', ...place]) => {
      const [x = 0, y = 0, width = 0] = place.map(Number)
      return [name, { x, y, width }]
    }),
  )
}

it('reads functions from the outermost in, scripts from the root of the clone, no address that is in nothing', () => {
  const [first] = readSamples(script, '/home/me/bae')
  expect(first).toMatchObject({ processId: 12, threadId: 12, command: 'node', seconds: 0.002004008 })
  expect(first?.frames).toEqual([
    { name: 'v8::Run', kind: 'native' },
    { name: 'connect pg/lib/client.js:9', kind: 'javascript' },
    { name: 'writePiece packages/storage/dist/bae-storage.js:12', kind: 'javascript' },
    { name: 'do_syscall_64', kind: 'kernel' },
  ])
})

it('takes functions in a row of which nothing is known for one', () => {
  const [, second] = readSamples(script, '/')
  expect(second?.frames.map(({ name }) => name)).toEqual(['bae::HasherThread::run', '[libcrypto.so.3]'])
})

it('says what each thread does, of what shows no sign of it too', () => {
  const table = formatProfile(readSamples(script, '/'))
  expect(table).toContain('| JavaScript | 0.00 s | 50.1 % |')
  expect(table).toContain('| hashing | 0.00 s | 49.9 % |')
  expect(table).toContain('| [libcrypto.so.3] | hashing | 0.00 s | 49.9 % |')
})

it('draws a function as wide as its time, on what called it, and none that took too little', () => {
  const drawn = boxes(drawFlameGraph('a', [sample(3, 'a', 'b'), sample(1, 'a', 'c'), sample(0.001, 'd')]))
  const [a, b, c] = ['a', 'b', 'c'].map((name) => drawn.get(name) ?? { x: -1, y: -1, width: -1 })
  expect(b?.width).toBeCloseTo(3 * (c?.width ?? 0), -1)
  expect(a?.width).toBeCloseTo((b?.width ?? 0) + (c?.width ?? 0), 0)
  expect(c?.x).toBeCloseTo((b?.x ?? 0) + (b?.width ?? 0), 0)
  expect(b?.y).toBeLessThan(a?.y ?? 0)
  expect(drawn.has('d')).toBe(false)
})

it('keeps a picture of very many functions small', () => {
  const many = Array.from({ length: 400 }, (_, at) =>
    sample(1, ...Array.from({ length: 20 }, (_, depth) => `${'long name '.repeat(20)}${at} ${depth}`)),
  )
  expect(drawFlameGraph('a', many).length).toBeLessThan(300_000)
})

it('writes names that XML takes', () => {
  expect(drawFlameGraph('a & b', [sample(1, 'operator<')])).toContain('operator&lt; (1.00 s, 100.0 %)')
})
