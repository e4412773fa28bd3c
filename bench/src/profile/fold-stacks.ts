import { basename } from 'node:path'

/** Where the processor was so long, from the thread's outermost function to the innermost. */
export interface Sample {
  readonly processId: number
  readonly threadId: number
  /** The name of its program, or what the thread calls itself. */
  readonly command: string
  readonly frames: readonly Frame[]
  readonly seconds: number
}

export interface Frame {
  readonly name: string
  readonly kind: FrameKind
}

export type FrameKind = 'kernel' | 'javascript' | 'native'

const header = /^(?<command>.+?)\s+(?<processId>\d+)\/(?<threadId>\d+)\s+(?<nanoseconds>\d+)\s*$/
const frameLine = /^\s+[0-9a-f]+ (?<symbol>.*) \((?<object>[^()]+)\)$/

/**
 * Reads what `perf script -F comm,pid,tid,period,ip,sym,dso` prints of a clock that counts nanoseconds. Scripts are named
 * from `root`, the folder of the clone.
 */
export function readSamples(text: string, root: string): readonly Sample[] {
  return text.split('\n\n').flatMap((block) => {
    const [first = '', ...lines] = block.replace(/^\n+/, '').split('\n')
    const found = header.exec(first)?.groups
    if (found === undefined) return []
    const { command = '', processId, threadId, nanoseconds } = found
    const frames = lines.flatMap((line) => readFrame(line, root)).reverse()
    return [
      {
        processId: Number(processId),
        threadId: Number(threadId),
        command,
        frames: withoutRepeats(frames),
        seconds: Number(nanoseconds) / 1e9,
      },
    ]
  })
}

/** None of an address that is in nothing: perf has followed what was no chain of calls. */
function readFrame(line: string, root: string): readonly Frame[] {
  const { symbol = '', object = '[unknown]' } = frameLine.exec(line)?.groups ?? {}
  if (object === '[unknown]') return []
  if (object.startsWith('[')) return [{ name: symbol, kind: 'kernel' }]
  if (/\/perf-\d+\.map$/.test(object)) return [{ name: scriptName(symbol, root), kind: 'javascript' }]
  return [{ name: symbol === '[unknown]' ? `[${basename(object)}]` : nativeName(symbol), kind: 'native' }]
}

/** The function and its place, however far the engine has compiled it. */
function scriptName(symbol: string, root: string): string {
  if (symbol === '[unknown]') return '[compiled code]'
  return symbol
    .replace(/^JS:/, '')
    .replace(/^[*~^+]/, '')
    .replace(/^ /, '(anonymous) ')
    .replace(/:\d+(:\d+)$/, (place) => place.replace(/:\d+$/, ''))
    .replace('file://', '')
    .replace(/\S*\/node_modules\//, '')
    .replace(`${root}/`, '')
}

/** Without what a template was made for. */
function nativeName(symbol: string): string {
  const shorter = symbol.replace('(anonymous namespace)::', '').replaceAll(/<[^<>]*>/g, '')
  return shorter === symbol ? symbol : nativeName(shorter)
}

/** Many functions in a row of which nothing is known are one. */
function withoutRepeats(frames: readonly Frame[]): readonly Frame[] {
  return frames.filter(({ name }, at) => name !== frames[at - 1]?.name)
}
