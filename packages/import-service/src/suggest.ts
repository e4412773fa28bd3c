/** The word of `known` that was probably meant, where one is near. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const tolerated = Math.max(1, Math.floor(word.length / 3))
  let nearest: string | undefined
  let least = tolerated + 1
  for (const candidate of known) {
    const distance =
      candidate.startsWith(word) && word.length > 1 ? 0 : distanceWithin(word, candidate, least)
    if (distance >= least) continue
    nearest = candidate
    least = distance
  }
  return nearest
}

/** Some number that is not below `least` where so it is: a torrent may have 100,000 files to compare with. */
function distanceWithin(word: string, candidate: string, least: number): number {
  return Math.abs(word.length - candidate.length) >= least ? least : editDistance(word, candidate)
}

/** Letters to insert, delete, replace or swap. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return last[b.length] ?? 0
}
