const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** A number of bytes for a person, in the units in which settings take sizes (1 KB is 1024 B): `512 B`, `1.9 GB`. */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  // What would be shown as 1024 is one of the next unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}
