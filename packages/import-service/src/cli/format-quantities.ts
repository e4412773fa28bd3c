const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Three digits or four: '0 bytes', '1.50 KiB', '30.2 MiB', '1023 MiB'. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  if (unit === 0) return bytes === 1 ? '1 byte' : `${Math.round(bytes)} bytes`
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit]}`
}

export function formatRate(bytesPerSecond: number): string {
  return bytesPerSecond < 1024
    ? `${formatBytes(bytesPerSecond).replace(/ bytes?$/, ' B')}/s`
    : `${formatBytes(bytesPerSecond)}/s`
}

/** '0.4 s', '12 s', '3 min 05 s', '2 h 07 min', '3 d 04 h'. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`
  return `${Math.floor(whole / 86_400)} d ${pad(Math.floor((whole % 86_400) / 3600))} h`
}

/** The same in at most six columns, for tables: '1s', '3m05s', '2h07m', '3d04h'. */
export function formatShortDuration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds))
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`
  const days = Math.floor(whole / 86_400)
  return days < 100 ? `${days}d${pad(Math.floor((whole % 86_400) / 3600))}h` : '>99d'
}

export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Whole percents, rounded down: 100 only when all is there. */
export function formatShare(part: number, whole: number): string {
  return `${whole === 0 ? 100 : Math.floor((part / whole) * 100)}%`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
