// Reading JSON from outside, where anything may be missing or of another type.

export type Fields = Readonly<Record<string, unknown>>

/** The value as an object's fields; an empty object for anything else. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

/** The value as a list; an empty one for anything else. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The value as a string, or null. */
export const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
