// One form for everything that is wrong with a file that a person wrote: where, what, what instead, how to fix it.
import { isAbsolute, relative } from 'node:path'

/** What leads to a value: map keys and list positions. */
export type Path = readonly (string | number)[]

export interface Problem {
  /** Absolute path of the file (or folder); `environment` for a variable of the process. */
  readonly file: string
  /** From 1; 0 when the problem is about the file as a whole. */
  readonly line: number
  readonly column: number
  /** Dotted: `users[0].chat_id`; empty when the problem is about the whole. */
  readonly key: string
  readonly found: string
  readonly expected: string
  /** How to fix it, as an order; null when `expected` says it all. */
  readonly hint: string | null
}

/** Where a problem is. */
export type Place = Pick<Problem, 'file' | 'line' | 'column' | 'key'>

/** What is wrong there. */
export interface Fault {
  readonly found: string
  readonly expected: string
  readonly hint?: string | null | undefined
}

/** Thrown with all problems at once. The message is the report that a person reads. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(formatProblems(problems))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** The place of a file as a whole, or of a key whose line is not known. */
export const placeIn = (file: string, key = ''): Place => ({ file, line: 0, column: 0, key })

/** Tells of a fault at a path. */
export type Say = (path: Path, fault: Fault) => void

/** Puts what is told into the list. */
export const collectInto =
  (problems: Problem[], source: { place(path: Path): Place }): Say =>
  (path, fault) =>
    void problems.push(problemAt(source.place(path), fault))

/** Joins a place and a fault. */
export function problemAt(place: Place, fault: Fault): Problem {
  const { file, line, column, key } = place
  return { file, line, column, key, found: fault.found, expected: fault.expected, hint: fault.hint ?? null }
}

/** `['users', 0, 'chat_id']` -> `users[0].chat_id`. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')
}

/**
 * One line per problem: `hookyard.yaml:12:5 server.port: found "abc", expected a port number 0-65535. Fix: …`.
 * Files inside `base` (the current folder) are named relative to it.
 */
export function formatProblems(problems: readonly Problem[], base: string = process.cwd()): string {
  return problems.map((problem) => formatProblem(problem, base)).join('\n')
}

function formatProblem(problem: Problem, base: string): string {
  const position = problem.line > 0 ? `:${problem.line}:${problem.column}` : ''
  const key = problem.key === '' ? '' : ` ${problem.key}`
  const fix = problem.hint === null ? '' : ` Fix: ${problem.hint}.`
  return `${displayFile(problem.file, base)}${position}${key}: found ${problem.found}, expected ${problem.expected}.${fix}`
}

/** In reading order: files as they first come, in each by line and column. */
export function inReadingOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))]
  return problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  )
}

/** The file as a person in the folder `base` would name it. */
export function displayFile(file: string, base: string = process.cwd()): string {
  if (!isAbsolute(file)) return file
  const inside = relative(base, file)
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? file : inside
}
