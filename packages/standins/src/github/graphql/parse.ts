// Reads a GraphQL document as far as the program's own queries go: one operation, fields with aliases and arguments,
// inline fragments, variables. Named fragments and directives are refused.

export type Value =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'list'; readonly entries: readonly Value[] }
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, Value>> }

export interface Field {
  readonly name: string
  readonly alias: string
  readonly arguments: Readonly<Record<string, Value>>
  readonly selection: readonly Selection[]
}

export type Selection =
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'fragment'; readonly on: string; readonly selection: readonly Selection[] }

export interface Variable {
  readonly required: boolean
  /** Its default, when it has one. */
  readonly fallback: Value | null
}

export interface Query {
  readonly operation: 'query' | 'mutation'
  readonly variables: Readonly<Record<string, Variable>>
  readonly selection: readonly Selection[]
}

const TOKEN =
  /[\s,]+|#[^\n]*|("(?:[^"\\\n]|\\.)*"|\.\.\.|[!$():=@[\]{}|]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[_A-Za-z]\w*)/y

/** The tokens, and where reading is. */
interface Cursor {
  peek(): string
  next(): string
  /** Moves on and says true when the next token is this one. */
  take(token: string): boolean
  /** @throws SyntaxError when the next token is another. */
  expect(token: string): void
  name(): string
}

const END = 'end of file'
const isName = (token: string) => token !== END && /^[_A-Za-z]\w*$/.test(token)

function tokenize(source: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(source)
    if (!match) throw new SyntaxError(`unexpected character ${JSON.stringify(source[at])} at ${at}`)
    if (match[1] !== undefined) tokens.push(match[1])
  }
  return tokens
}

function openCursor(source: string): Cursor {
  const tokens = tokenize(source)
  let at = 0
  const next = () => tokens[at++] ?? END
  return {
    peek: () => tokens[at] ?? END,
    next,
    take(token) {
      if (tokens[at] !== token) return false
      at += 1
      return true
    },
    expect(token) {
      const found = next()
      if (found !== token) throw new SyntaxError(`expected ${token}, found ${found}`)
    },
    name() {
      const found = next()
      if (!isName(found)) throw new SyntaxError(`expected a name, found ${found}`)
      return found
    },
  }
}

/**
 * Reads one operation.
 * @throws SyntaxError saying what was expected.
 */
export function parseGraphql(source: string): Query {
  const cursor = openCursor(source)
  let operation: Query['operation'] = 'query'
  let variables: Record<string, Variable> = {}
  if (cursor.peek() !== '{') {
    const word = cursor.next()
    if (word !== 'query' && word !== 'mutation')
      throw new SyntaxError(`expected query or mutation, found ${word}`)
    operation = word
    if (isName(cursor.peek())) cursor.next()
    variables = readVariables(cursor)
  }
  const selection = readSelection(cursor)
  if (cursor.peek() !== END) throw new SyntaxError(`one operation at a time, found ${cursor.peek()} after it`)
  return { operation, variables, selection }
}

function readVariables(cursor: Cursor): Record<string, Variable> {
  const variables: Record<string, Variable> = {}
  if (!cursor.take('(')) return variables
  while (!cursor.take(')')) {
    cursor.expect('$')
    const variable = cursor.name()
    cursor.expect(':')
    while (cursor.take('[')) continue
    cursor.name()
    let required = cursor.take('!')
    while (cursor.take(']')) required = cursor.take('!')
    const fallback = cursor.take('=') ? readValue(cursor) : null
    variables[variable] = { required: required && fallback === null, fallback }
  }
  return variables
}

function readSelection(cursor: Cursor): Selection[] {
  cursor.expect('{')
  const selection: Selection[] = []
  while (!cursor.take('}')) {
    selection.push(cursor.take('...') ? readFragment(cursor) : { kind: 'field', field: readField(cursor) })
  }
  if (selection.length === 0) throw new SyntaxError('expected at least one field, found }')
  return selection
}

function readFragment(cursor: Cursor): Selection {
  if (!cursor.take('on')) throw new SyntaxError(`named fragments are not served here, found ${cursor.peek()}`)
  return { kind: 'fragment', on: cursor.name(), selection: readSelection(cursor) }
}

function readField(cursor: Cursor): Field {
  const alias = cursor.name()
  const name = cursor.take(':') ? cursor.name() : alias
  const given = cursor.take('(') ? readPairs(cursor, ')') : {}
  return { name, alias, arguments: given, selection: cursor.peek() === '{' ? readSelection(cursor) : [] }
}

function readPairs(cursor: Cursor, end: string): Record<string, Value> {
  const pairs: Record<string, Value> = {}
  while (!cursor.take(end)) {
    const key = cursor.name()
    cursor.expect(':')
    pairs[key] = readValue(cursor)
  }
  return pairs
}

function readValue(cursor: Cursor): Value {
  const token = cursor.next()
  if (token === '$') return { kind: 'variable', name: cursor.name() }
  if (token === '{') return { kind: 'object', fields: readPairs(cursor, '}') }
  if (token === '[') {
    const entries: Value[] = []
    while (!cursor.take(']')) entries.push(readValue(cursor))
    return { kind: 'list', entries }
  }
  if (/^["\d-]/.test(token) || ['true', 'false', 'null'].includes(token)) {
    return { kind: 'literal', value: JSON.parse(token) as unknown }
  }
  if (isName(token)) return { kind: 'literal', value: token }
  throw new SyntaxError(`expected a value, found ${token}`)
}
