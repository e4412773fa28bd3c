const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
  PIB: 2 ** 50,
}

/** '1048576', '1.5 GiB', '500MiB': as sizes are shown. `undefined` for what is no size. */
export function parseBytes(text: string): number | undefined {
  const [, value, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const factor = unit === undefined ? undefined : units[unit.toUpperCase()]
  if (value === undefined || factor === undefined) return undefined
  const bytes = Math.floor(Number(value) * factor)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
