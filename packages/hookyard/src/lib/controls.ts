/** A JSON value with every string of it changed, keys included. */
export function mapStrings<T>(value: T, change: (text: string) => string): T {
  const map = (inner: unknown): unknown => {
    if (typeof inner === 'string') return change(inner)
    if (Array.isArray(inner)) return inner.map(map)
    if (typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(Object.entries(inner).map(([key, held]) => [change(key), map(held)]))
  }
  return map(value) as T
}

/** What a terminal, a log viewer or a reader's eye obeys: C0 but tab and line feed, C1, marks that turn the direction. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** The value without control characters; line ends become `\n`. */
export const withoutControls = <T>(value: T): T =>
  mapStrings(value, (text) => text.replace(/\r\n?/g, '\n').replace(CONTROLS, ''))
