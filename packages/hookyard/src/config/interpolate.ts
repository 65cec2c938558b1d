// `${NAME}` and `${NAME:-default}` in every text of a file; `$${` is a literal `${`.
import type { Fault, Path } from './problem.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export interface Interpolated {
  readonly value: unknown
  /** Paths (as JSON) whose whole text is one variable: those may stand for a number or a boolean. */
  readonly wholly: ReadonlySet<string>
  readonly faults: readonly { readonly path: Path; readonly fault: Fault }[]
}

const REFERENCE = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-([^}]*))?\}|[^}\n]{0,80}\}?)/g
const WHOLE = /^\$\{[^}]*\}$/

/** A copy of the value with the variables put in. An unset variable is a fault, and empty text in the copy. */
export function interpolate(value: unknown, variables: Variables): Interpolated {
  const wholly = new Set<string>()
  const faults: { path: Path; fault: Fault }[] = []
  const visit = (node: unknown, path: Path): unknown => {
    if (Array.isArray(node)) return node.map((item, index) => visit(item, [...path, index]))
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, visit(item, [...path, key])]))
    }
    if (typeof node !== 'string' || !node.includes('${')) return node
    if (WHOLE.test(node)) wholly.add(JSON.stringify(path))
    return expand(node, variables, (fault) => faults.push({ path, fault }))
  }
  return { value: visit(value, []), wholly, faults }
}

function expand(text: string, variables: Variables, fail: (fault: Fault) => void): string {
  return text.replaceAll(REFERENCE, (reference: string, name?: string, fallback?: string) => {
    if (reference === '$${') return '${'
    if (name === undefined) {
      const expected = '${NAME} or ${NAME:-default}'
      fail({ found: 'a ${ that begins no variable', expected, hint: 'write $${ for a literal ${' })
      return ''
    }
    if (fallback?.includes('${')) {
      fail({
        found: 'a variable inside a default',
        expected: 'plain text after :-',
        hint: 'write the default out',
      })
      return ''
    }
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined
    // As in a shell, `:-` also replaces an empty value.
    if (fallback !== undefined) return value || fallback
    if (value !== undefined) return value
    const hint = `set ${name}, or write \${${name}:-default}`
    fail({ found: `\${${name}}, which is not set`, expected: `${name} in the environment or in .env`, hint })
    return ''
  })
}
