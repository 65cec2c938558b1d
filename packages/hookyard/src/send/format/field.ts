// Reading a payload that may be anything: what is missing or of a wrong type reads as not there.

/** The value at the path, or undefined; own properties of plain objects only. */
export function valueAt(source: unknown, ...path: string[]): unknown {
  let value = source
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** The string at the path, or ''. */
export function textAt(source: unknown, ...path: string[]): string {
  const value = valueAt(source, ...path)
  return typeof value === 'string' ? value : ''
}

/** The number of an issue or pull request at the path, or null. */
export function numberAt(source: unknown, ...path: string[]): number | null {
  const value = valueAt(source, ...path)
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}

/** The objects of the list at the path; other members are left out. */
export function recordsAt(source: unknown, ...path: string[]): Record<string, unknown>[] {
  const value = valueAt(source, ...path)
  return Array.isArray(value) ? value.filter(isRecord) : []
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
