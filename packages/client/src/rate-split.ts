/** No session gets less of a limit than this part, so that one that begins to move can be seen to. */
const LEAST_PART = 0.1

/**
 * How a limit of the whole client is divided among its sessions, by what each moved lately. The parts never add up to
 * more than the limit. 0 is no limit.
 */
export function splitRate(limit: number, moved: readonly number[]): readonly number[] {
  if (limit === 0 || moved.length < 2) return moved.map(() => limit)
  const total = moved.reduce((sum, rate) => sum + rate, 0)
  const least = Math.min(LEAST_PART, 1 / moved.length)
  const free = 1 - least * moved.length
  // A limit of 0 would be none at all.
  return moved.map((rate) => {
    const part = least + free * (total === 0 ? 1 / moved.length : rate / total)
    return Math.max(1, Math.floor(limit * part))
  })
}
