// A changed file as its rules read it: each line also without its strings and comments. What is in doubt counts as text.
import type { DiffFile, DiffLine } from '@hookyard/sdk/host'

export interface CodeLine extends DiffLine {
  /** The line with the contents of its strings blanked and its comments cut; '' when it is all text. */
  readonly code: string
  /** As `code`, with the strings in it. */
  readonly spoken: string
}

/** Longer ones are no code that a person wrote; what follows is not read. */
const MAX_LINE = 1_000

interface Language {
  /** What begins a comment up to the line's end. */
  readonly comments: readonly string[]
  /** Opens and closes text over several lines. */
  readonly blocks: readonly (readonly [open: string, close: string])[]
}

/** `blocks`: pairs of marks, a space between. */
const language = (comments: readonly string[], ...blocks: readonly string[]): Language => ({
  comments,
  blocks: blocks.map((pair) => pair.split(' ') as [string, string]),
})
const C_LIKE = language(['//'], '/* */')
const SCRIPT = language(['//'], '/* */', '` `')
const HASH = language(['#'])
const PYTHON = language(['#'], '""" """', "''' '''")
const MARKUP = language([], '<!-- -->')
const PHP = language(['//', '#'], '/* */')
const PLAIN = language([])

const LANGUAGES: readonly (readonly [RegExp, Language])[] = [
  [/\.(?:[cm]?[jt]sx?|vue|svelte)$/i, SCRIPT],
  [/\.pyw?$/i, PYTHON],
  [
    /\.(?:rb|sh|bash|zsh|ya?ml|toml|pl|r|ex|exs)$|(?:^|\/)(?:Dockerfile|Makefile|Gemfile|Rakefile)[^/]*$/i,
    HASH,
  ],
  [/\.php$/i, PHP],
  [/\.(?:html?|xml|svg)$/i, MARKUP],
  [/\.(?:go|rs|java|kt|kts|scala|swift|cs|c|cc|cpp|h|hpp|dart|css|scss|less)$/i, C_LIKE],
]

/** The lines of a file that the diff shows, in order. */
export function codeLines(file: DiffFile): CodeLine[] {
  const language = LANGUAGES.find(([pattern]) => pattern.test(file.file))?.[1] ?? PLAIN
  let close: string | null = null
  let hunk = -1
  return file.lines.map((line) => {
    // What a hunk begins within cannot be seen.
    if (line.hunk !== hunk) close = null
    hunk = line.hunk
    const read = readLine(line.text.slice(0, MAX_LINE), language, close)
    close = read.close
    return { ...line, code: read.code, spoken: read.spoken }
  })
}

function readLine(text: string, language: Language, open: string | null) {
  let close = open
  let [code, spoken] = ['', '']
  let at = 0
  while (at < text.length) {
    if (close !== null) {
      const end = text.indexOf(close, at)
      if (end === -1) return { code, spoken, close }
      at = end + close.length
      // A text that closes leaves its quotes behind, so that `f("…")` still has an argument.
      if (close !== '*/' && close !== '-->') [code, spoken] = [`${code}""`, `${spoken}""`]
      close = null
      continue
    }
    const block = language.blocks.find(([mark]) => text.startsWith(mark, at))
    if (block) {
      close = block[1]
      // A template's `${…}` on one line is read as code of that line.
      const end = block[0] === '`' ? text.indexOf('`', at + 1) : -1
      if (end !== -1) {
        spoken += text.slice(at, end + 1)
        code += `\`${holes(text.slice(at + 1, end))}\``
        at = end + 1
        close = null
      } else at += block[0].length
      continue
    }
    if (startsComment(text, at, language)) break
    const literal = language === PLAIN || language === MARKUP ? null : literalAt(text, at)
    if (literal === UNCLOSED) break
    if (literal !== null) {
      code += `${literal[0]}${literal[0]}`
      spoken += literal
      at += literal.length
      continue
    }
    const char = text.charAt(at)
    code += char
    spoken += char
    at++
  }
  return { code, spoken, close }
}

/** `//` in an address, `#` in a word and PHP's `#[Attribute]` are no comments. */
function startsComment(text: string, at: number, { comments }: Language): boolean {
  const mark = comments.find((one) => text.startsWith(one, at))
  if (mark === undefined || (mark === '#' && text.charAt(at + 1) === '[')) return false
  return at === 0 || (mark === '#' ? /\s/.test(text.charAt(at - 1)) : text.charAt(at - 1) !== ':')
}

/** An apostrophe, or a string that goes on: what follows is in doubt. */
const UNCLOSED = ''

const LITERAL = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y

function literalAt(text: string, at: number): string | null {
  const first = text.charAt(at)
  if (first !== '"' && first !== "'") return null
  LITERAL.lastIndex = at
  return LITERAL.exec(text)?.[0] ?? UNCLOSED
}

const holes = (template: string): string => (template.match(/\$\{[^}]*\}/g) ?? []).join('')
