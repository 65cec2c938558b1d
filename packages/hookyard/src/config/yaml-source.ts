// YAML text -> plain values that remember where each one was written. Own walk instead of `toJS`, so that every
// key has its line, numbers keep their spelling (`1.10` is no 1.1 where text is wanted), and no alias bomb,
// cycle or depth can hurt: the walk counts what it makes.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Alias, Node, Pair, YAMLMap } from 'yaml'
import { formatPath, problemAt } from './problem.ts'
import type { Fault, Path, Place, Problem } from './problem.ts'
import { maskTokens } from './show.ts'
import { checkText } from './text-file.ts'
import { syntaxFault } from './yaml-syntax.ts'

const MAX_NODES = 200_000
const MAX_DEPTH = 64
/** Of one kind of trouble there can be one per byte; nobody reads more than this. */
const MAX_SYNTAX_PROBLEMS = 20

export interface YamlSource {
  readonly file: string
  /** Maps, lists, text, numbers, booleans, null. Null for an empty document or one that cannot be read. */
  readonly value: unknown
  /** False: some of it could not be read, and what seems to be missing may be there. */
  readonly complete: boolean
  /** Syntax errors, duplicate keys, limits. */
  readonly problems: readonly Problem[]
  /** Where this path is written, or its nearest ancestor. */
  place(path: Path): Place
  /** How a number or boolean was spelled. */
  spelling(path: Path): string | undefined
}

type Position = Pick<Place, 'line' | 'column'>

interface Walk {
  readonly file: string
  readonly lineCounter: LineCounter
  readonly problems: Problem[]
  readonly positions: Map<string, Position>
  readonly spellings: Map<string, string>
  /** The last anchor of a name so far, as an alias sees it. */
  readonly anchors: Map<string, Node>
  nodes: number
  complete: boolean
  /** The document is too much: the rest is not walked. */
  stopped: boolean
}

/** Reads one YAML document. Never throws. `file` is for the problems alone. */
export function readYaml(text: string, file: string): YamlSource {
  const lineCounter = new LineCounter()
  const walk: Walk = {
    file,
    lineCounter,
    problems: [],
    positions: new Map(),
    spellings: new Map(),
    anchors: new Map(),
    nodes: 0,
    complete: true,
    stopped: false,
  }
  const checked = checkText(text, file)
  if ('problem' in checked) {
    walk.problems.push(checked.problem)
    walk.complete = false
  }
  const value = 'text' in checked ? parse(checked.text, walk) : null
  return {
    file,
    value: value ?? null,
    complete: walk.complete,
    problems: walk.problems,
    spelling: (path) => walk.spellings.get(JSON.stringify(path)),
    place: (path) => ({ file, ...nearestPosition(walk.positions, path), key: formatPath(path) }),
  }
}

function parse(text: string, walk: Walk): unknown {
  const document = parseDocument(text, {
    lineCounter: walk.lineCounter,
    prettyErrors: false, // its code frames would print secrets
    schema: 'core', // also against a `%YAML 1.1` line: `yes` stays text
    uniqueKeys: false, // quadratic; the walk finds duplicates
    merge: true,
    logLevel: 'error',
  })
  // After one unexpected token, every next one is unexpected too.
  const first = document.errors.find((error) => error.code === 'UNEXPECTED_TOKEN')
  const errors = document.errors.filter((error) => error.code !== 'UNEXPECTED_TOKEN' || error === first)
  for (const error of [...errors, ...document.warnings].slice(0, MAX_SYNTAX_PROBLEMS)) {
    const {
      code,
      message,
      pos: [at],
    } = error
    report(walk, at, [], syntaxFault(code, maskTokens(message), text.slice(at - 1)))
  }
  if (document.errors.length === 0) return toValue(walk, document.contents, [], 0)
  walk.complete = false
  return null
}

function nearestPosition(positions: ReadonlyMap<string, Position>, path: Path): Position {
  for (let length = path.length; length > 0; length--) {
    const position = positions.get(JSON.stringify(path.slice(0, length)))
    if (position) return position
  }
  return { line: 1, column: 1 }
}

const offsetOf = (node: unknown) => (node as Node | null | undefined)?.range?.[0] ?? 0

function positionAt(walk: Walk, offset: number): Position {
  const { line, col } = walk.lineCounter.linePos(Math.max(0, offset))
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function report(walk: Walk, offset: number, path: Path, fault: Fault): void {
  const place = { file: walk.file, ...positionAt(walk, offset), key: formatPath(path) }
  walk.problems.push(problemAt(place, fault))
}

const reportNode = (walk: Walk, node: unknown, path: Path, fault: Fault) =>
  report(walk, offsetOf(node), path, fault)

function toValue(walk: Walk, node: unknown, path: Path, depth: number): unknown {
  if (walk.stopped || node === null || node === undefined) return null
  if (depth > MAX_DEPTH) return stop(walk, node, path, `values nested deeper than ${MAX_DEPTH} levels`)
  if (++walk.nodes > MAX_NODES)
    return stop(walk, node, path, `more than ${MAX_NODES} values, aliases unfolded`)
  if (isAlias(node)) return aliasValue(walk, node, path, depth)
  const { anchor } = node as { anchor?: string }
  if (anchor !== undefined) walk.anchors.set(anchor, node as Node)
  if (isMap(node)) return mapValue(walk, node, path, depth)
  if (isSeq(node)) {
    return node.items.map((item, index) => {
      walk.positions.set(JSON.stringify([...path, index]), positionAt(walk, offsetOf(item)))
      return toValue(walk, item, [...path, index], depth + 1)
    })
  }
  if (!isScalar(node)) return null
  if (typeof node.value === 'number' || typeof node.value === 'boolean') {
    walk.spellings.set(JSON.stringify(path), node.source ?? String(node.value))
  }
  return node.value
}

function stop(walk: Walk, node: unknown, path: Path, found: string): null {
  walk.stopped = true
  walk.complete = false
  reportNode(walk, node, path.slice(0, 4), {
    found,
    expected: 'less',
    hint: 'make the file smaller and flatter',
  })
  return null
}

function aliasValue(walk: Walk, alias: Alias, path: Path, depth: number): unknown {
  const target = walk.anchors.get(alias.source)
  if (target) return toValue(walk, target, path, depth + 1)
  walk.complete = false
  reportNode(walk, alias, path, {
    found: 'an alias (*name) without its anchor (&name) before it',
    expected: 'a value',
    hint: 'put text that begins with * into quotes',
  })
  return null
}

function mapValue(walk: Walk, map: YAMLMap, path: Path, depth: number): Record<string, unknown> {
  const merged: unknown[] = []
  const written: Record<string, unknown> = {}
  for (const pair of map.items) {
    if (walk.stopped) break
    const key = keyText(walk, pair, path)
    if (key === undefined) continue
    const place = [...path, key]
    if (key === '<<') {
      const value = toValue(walk, pair.value, path, depth + 1)
      merged.unshift(...(Array.isArray(value) ? value.toReversed() : [value]))
      continue
    }
    if (Object.hasOwn(written, key)) {
      const found = 'the same key a second time'
      reportNode(walk, pair.key, place, { found, expected: 'each key once', hint: 'remove one of the two' })
    }
    walk.positions.set(JSON.stringify(place), positionAt(walk, offsetOf(pair.key)))
    written[key] = toValue(walk, pair.value, place, depth + 1)
  }
  const maps = merged.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  return Object.assign({}, ...maps, written) as Record<string, unknown>
}

function keyText(walk: Walk, pair: Pair, path: Path): string | undefined {
  const node = isAlias(pair.key) ? walk.anchors.get(pair.key.source) : pair.key
  const value = isScalar(node) ? node.value : undefined
  const text = isScalar(node) && typeof value !== 'string' ? node.source : value
  // `__proto__` as a key of a plain object would change the object instead of being in it.
  if (typeof text === 'string' && text !== '' && text !== '__proto__') return text
  const found = text === '__proto__' ? 'the key __proto__' : 'a key that is no plain text'
  reportNode(walk, pair.key, path, {
    found,
    expected: 'KEY: value',
    hint: 'write a plain word before the colon',
  })
  return undefined
}
