import { isIP } from 'node:net'
import type { IpRange } from '@bae/native'

/** Addresses from `first` to `last`, both included; one address when `last` is left out. */
export interface IpFilter {
  /** No peer from here is dialled or let in. */
  readonly blocked?: readonly IpRange[]
  /** Exceptions from what is blocked. */
  readonly allowed?: readonly IpRange[]
}

interface Range {
  readonly isV6: boolean
  readonly first: bigint
  readonly last: bigint
}

/** Blocks every address, for filters that only allow some. */
export const ALL_ADDRESSES: readonly IpRange[] = Object.freeze([
  { first: '0.0.0.0', last: '255.255.255.255' },
  { first: '::', last: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
])

/** What is left to block. RangeError for what is no range of addresses. */
export function blockedRanges({ blocked = [], allowed = [] }: IpFilter): readonly IpRange[] {
  let left = blocked.map(rangeOf)
  for (const exception of allowed.map(rangeOf)) left = left.flatMap((range) => without(range, exception))
  return left.map(({ isV6, first, last }) => ({ first: textOf(first, isV6), last: textOf(last, isV6) }))
}

function without(range: Range, exception: Range): Range[] {
  if (range.isV6 !== exception.isV6 || exception.last < range.first || exception.first > range.last) {
    return [range]
  }
  const before = { ...range, last: exception.first - 1n }
  const after = { ...range, first: exception.last + 1n }
  return [before, after].filter(({ first, last }) => first <= last)
}

function rangeOf({ first, last = first }: IpRange): Range {
  const versions = [isIP(first), isIP(last)]
  if (versions.includes(0) || versions[0] !== versions[1]) {
    throw new RangeError(`'${first}' to '${last}' are no addresses of one kind`)
  }
  const range = { isV6: versions[0] === 6, first: numberOf(first), last: numberOf(last) }
  if (range.first > range.last) throw new RangeError(`'${last}' comes before '${first}'`)
  return range
}

function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
  const [head = '', tail] = withoutV4(address).split('::')
  const groups = (text: string) => text.split(':').filter((group) => group !== '')
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeroes = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeroes, ...after].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n)
}

/** ::ffff:10.0.0.1 as groups of hex digits. */
function withoutV4(address: string): string {
  const v4 = /\d+\.\d+\.\d+\.\d+$/.exec(address)?.[0]
  if (v4 === undefined) return address
  const value = numberOf(v4)
  return `${address.slice(0, -v4.length)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`
}

function textOf(value: bigint, isV6: boolean): string {
  const [groups, bits, radix, separator] = isV6 ? ([8, 16n, 16, ':'] as const) : ([4, 8n, 10, '.'] as const)
  const parts = Array.from({ length: groups }, (_, index) => {
    const shift = bits * BigInt(groups - 1 - index)
    return ((value >> shift) & ((1n << bits) - 1n)).toString(radix)
  })
  return parts.join(separator)
}
