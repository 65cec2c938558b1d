// What was put in to look at something and forgotten: debugger stops, focused tests, prints of bare values.
import { DYNAMIC, JAVASCRIPT, onCode, PYTHON, type Rule, type RuleFile, TEST_FILE } from './rule.ts'

const STOP =
  /(?:^|[;{}\s])debugger\s*(?:;|$)|(?<![.\w])(?:i?pdb|pudb)\.set_trace\(|(?<![.\w])breakpoint\(\)|\bbinding\.(?:pry|irb)\b|(?<![.\w>:])(?:var_dump|dd)\(/
/** `byebug` and `dd(` mean something in one language alone. */
const STOP_ELSEWHERE = /\bdd\(/
const BYEBUG = /^\s*byebug\s*(?:if\b.*|unless\b.*)?$/

const FOCUSED =
  /(?<![.\w])(?:it|test|describe|context|suite)(?:\.\w+)*\.only(?:\.each)?\s*[(`]|(?<![.\w])f(?:it|describe)\s*\(\s*["'`]/
/** `fit(` is also what one does with data. */
const SPEC = /(?:^|\/)(?:__tests__|specs?|cypress)\/|\.(?:test|spec|cy)\.[cm]?[jt]sx?$/i

/** Where printing is the job. */
const MAY_PRINT =
  /(?:^|\/)(?:bin|cli|cmd|commands?|scripts?|tools?|examples?|samples?|demos?|docs?|tests?|__tests__|specs?|e2e|bench(?:marks?)?|notebooks?|tutorials?|migrations?|management|build)\/|\.(?:test|spec|stories|config)\.|(?:^|\/)(?:test_[^/]*|[^/]*_test|manage|setup|conftest|cli|__main__|main|noxfile|tasks)\.py$|(?:^|\/)(?:cli|Gulpfile|Gruntfile|logger|log)\.[cm]?[jt]s$/i
/** A program that talks to whoever started it. */
const TALKS =
  /^#!|\bprocess\.argv\b|\b(?:commander|yargs|argparse|click|typer|sys\.argv)\b|__main__|\bno-console\b/

const CONSOLE = /(?<![.\w])console\.(log|dir|trace)\((.*)$/
const PRINT = /^\s*print\((.*)$/
const FIRST_TEXT = /^\s*f?(["'`])(.*?)\1/

/** Shouting, or a name of what follows: what one writes to find something, and nobody writes for a reader. */
const SHOUT =
  /^[^\w[]*(?:here|debug(?:ging)?|test(?:ing)?\d*|xxx+|wtf|foo|bar|asdf|hello|hi|yo|got here|todo|remove( me)?)\b/i
const RULER = /^[\s\-=*#>!+~_.]{3,}/
const LABEL = /^[\w.[\]$ ]{0,3}[\w.[\]$]+\s*(?:[:=]|->|=>)?\s*$/

/** The arguments of a print that tells only its writer something. */
function isDebugging(args: string): boolean {
  if (/^\s*\)/.test(args)) return false
  const text = FIRST_TEXT.exec(args)
  // Bare values: `print(user)`, `console.log(a, b)`, `console.log({ a, b })`.
  if (/^\s*\{\s*[\w$]+(?:\s*,\s*[\w$]+)*\s*\}\s*\)/.test(args)) return true
  if (text === null)
    return /^\s*[\w$.[\]()]+(?:\s*,\s*[\w$.[\]()]+)*\s*\)\s*;?\s*$/.test(args) && !/^\s*\w+\(/.test(args)
  const said = text[2] ?? ''
  if (/\{\w[\w.]*=\}/.test(said)) return true // Python's f"{x=}"
  if (SHOUT.test(said) || (RULER.test(said) && said.trim().length < 40)) return true
  // A name, and then the value: `'user', user`; a sentence has more words.
  return LABEL.test(said) && /^\s*,/.test(args.slice(text[0].length))
}

const talks = ({ lines }: RuleFile): boolean => lines.some(({ text }) => TALKS.test(text))

export const LEFT_OVERS: readonly Rule[] = [
  {
    severity: 'warning',
    find: onCode(DYNAMIC, 'A debugger stop is left in', ({ code }, { file }) => {
      if (STOP_ELSEWHERE.test(code) && !/\.php$/i.test(file.file)) return false
      return STOP.test(code) || (/\.rb$/i.test(file.file) && BYEBUG.test(code))
    }),
    why: 'The program halts here, or prints its internals, wherever it runs.',
    fix: 'Take the line out.',
  },
  {
    severity: 'warning',
    find: onCode(JAVASCRIPT, 'Only this test runs', ({ code, spoken }, { file }) => {
      if (!TEST_FILE.test(file.file)) return false
      const found = FOCUSED.exec(code)
      return found !== null && (!/^f/.test(found[0]) || (SPEC.test(file.file) && FOCUSED.test(spoken)))
    }),
    why: 'A focused test silences all others, and the suite stays green.',
    fix: 'Take the focus out: `it`, `test` or `describe` without `.only`.',
  },
  {
    severity: 'suggestion',
    find(file) {
      if (MAY_PRINT.test(file.file.file) || talks(file)) return []
      const title = 'A debugging print is left in'
      const prints = onCode(JAVASCRIPT, title, ({ code, spoken }) => {
        const called = CONSOLE.exec(code)
        if (called === null) return false
        return called[1] !== 'log' || isDebugging(CONSOLE.exec(spoken)?.[2] ?? '')
      })
      const pythons = onCode(
        PYTHON,
        title,
        ({ code, spoken }) =>
          PRINT.test(code) && !/\bfile\s*=/.test(code) && isDebugging(PRINT.exec(spoken)?.[1] ?? ''),
      )
      const rust = onCode(/\.rs$/, title, ({ code }) => /(?<![\w:])dbg!\(/.test(code))
      return [...prints(file), ...pythons(file), ...rust(file)]
    },
    why: "It writes to the console of whoever runs this, past the log's levels and its redaction.",
    fix: "Take it out, or use the project's logger.",
  },
]
