// Plain values by path: reading and changing a copy, tolerant of everything.
import type { Path } from './problem.ts'

/** The value at the path, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, part) => childOf(node, part), value)
}

/** A copy with the value at the path replaced; undefined removes a map's key. */
export function withValue(value: unknown, path: Path, to: unknown): unknown {
  const [part, ...rest] = path
  if (part === undefined) return to
  const child = rest.length === 0 ? to : withValue(childOf(value, part), rest, to)
  if (Array.isArray(value)) return value.map((item, index) => (index === part ? child : item))
  const { [String(part)]: _old, ...others } = value as Record<string, unknown>
  return child === undefined ? others : { ...(value as Record<string, unknown>), [String(part)]: child }
}

/** The map's entries, or an empty map for anything else. */
export function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

/** The list's items, or none for anything else. */
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Text that is more than white space, or undefined. */
export const asText = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined

function childOf(node: unknown, part: string | number): unknown {
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, part)) return undefined
  return (node as Record<string | number, unknown>)[part]
}
