// The offline rules. A rule earns its place by being right almost always: a reviewer who cries wolf is muted.
import { SECRET_PATTERNS } from '../../sdk/secrets.ts'

export interface Rule {
  readonly severity: 'critical' | 'warning' | 'suggestion'
  /** Whether the rule has anything to say about a file of this path. */
  readonly applies: (file: string) => boolean
  readonly finds: (line: string) => boolean
  readonly title: (line: string) => string
  readonly why: string
  readonly mend: string
}

const everywhere = (): boolean => true
const JAVASCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte)$/i
const PYTHON = /\.pyw?$/i
const SOURCE = /\.(?:[cm]?[jt]sx?|vue|svelte|pyw?|rb|php)$/i
/** Where printing is the job. */
const MAY_PRINT =
  /(?:^|\/)(?:bin|cli|scripts?|tools?|examples?|demos?|docs?|tests?|__tests__|specs?|bench(?:marks)?)\/|\.(?:test|spec)\.|(?:^|\/)(?:test_[^/]*|[^/]*_test|manage|setup|conftest)\.py$/i
const TEST_FILE = /(?:^|\/)(?:tests?|__tests__|specs?)\/|\.(?:test|spec)\.[cm]?[jt]sx?$/i

const isComment = (line: string): boolean => /^\s*(?:\/\/|#|\*|\/\*|<!--)/.test(line)
const inCode =
  (pattern: RegExp) =>
  (line: string): boolean =>
    !isComment(line) && pattern.test(line)
const firstCall =
  (pattern: RegExp, other: string) =>
  (line: string): string =>
    pattern.exec(line)?.[0].trim() ?? other

const LEFT_OVER_STOP =
  /\bdebugger\s*;?\s*$|\bpdb\.set_trace\(|(?<![.\w])breakpoint\(\)|\bbinding\.(?:pry|irb)\b|\bvar_dump\(/
const LEFT_OVER_PRINT = /\bconsole\.(?:log|debug|dir|trace)\(|^\s*print\(|^\s*(?:pp|puts)\s+[a-z_@]/
const DYNAMIC_CODE = /(?<![.\w$])eval\s*\(|\bnew Function\s*\(/
const SHELL_JAVASCRIPT =
  /(?:\b(?:child_process|cp)\.|(?<![.\w$]))exec(?:Sync)?\s*\(\s*(?:`[^`]*\$\{|(?:"[^"]*"|'[^']*')\s*\+)|\bshell:\s*true\b/
const SHELL_PYTHON = /\bshell\s*=\s*True\b|\bos\.(?:system|popen)\s*\(/
const RAW_HTML =
  /\.(?:inner|outer)HTML\s*\+?=(?!=)(?!\s*(?:''|""|``|null)\s*;?\s*$)|\bdangerouslySetInnerHTML\b|\bdocument\.write(?:ln)?\(/
const UNSAFE_LOAD = /\bpickle\.loads?\(|\byaml\.load\((?!.*(?:Safe|CSafe)Loader)/
const FOCUSED = /(?<![.\w])(?:it|test|describe|context|suite)\.only\s*\(|(?<![.\w])f(?:it|describe)\s*\(/
const DIRECTION_MARKS = /[\u202a-\u202e\u2066-\u2069]/

function secretIn(line: string): string | undefined {
  return SECRET_PATTERNS.find(({ pattern }) => line.search(pattern) !== -1)?.what
}

export const RULES: readonly Rule[] = [
  {
    severity: 'critical',
    applies: everywhere,
    finds: (line) => /^(?:<{7}|>{7}|\|{7})(?: |$)/.test(line),
    title: () => 'Merge conflict marks',
    why: 'The line is left over from a merge: the file holds both versions and the marks between them.',
    mend: 'Decide between the two versions and take the marks out.',
  },
  {
    severity: 'critical',
    applies: everywhere,
    finds: (line) => secretIn(line) !== undefined,
    title: (line) => `This looks like ${secretIn(line) ?? 'a secret'}`,
    why: 'Whoever can read the repository, or ever could, can use it. Removing the line leaves it in the history.',
    mend: 'Revoke it where it was issued, make a new one, and read that from the environment.',
  },
  {
    severity: 'critical',
    applies: everywhere,
    finds: (line) => DIRECTION_MARKS.test(line),
    title: () => 'Invisible text direction marks',
    why: 'The line is shown in another order than the compiler reads it, so what it does cannot be seen in a review.',
    mend: 'Take the characters U+202A to U+202E and U+2066 to U+2069 out, or write them as escapes.',
  },
  {
    severity: 'warning',
    applies: (file) => SOURCE.test(file),
    finds: inCode(DYNAMIC_CODE),
    title: firstCall(/eval|new Function/, 'eval'),
    why: 'Text becomes code: whoever influences the text runs code here.',
    mend: 'Parse the value (JSON.parse, ast.literal_eval), or look the function up in a table.',
  },
  {
    severity: 'warning',
    applies: (file) => JAVASCRIPT.test(file),
    finds: inCode(SHELL_JAVASCRIPT),
    title: () => 'A shell command is built from text',
    why: 'A value that holds `;`, `$(` or a space changes the command that runs.',
    mend: 'Call execFile or spawn with a list of arguments and without a shell.',
  },
  {
    severity: 'warning',
    applies: (file) => PYTHON.test(file),
    finds: inCode(SHELL_PYTHON),
    title: () => 'A command goes through the shell',
    why: 'A value that holds `;`, `$(` or a space changes the command that runs.',
    mend: 'Call subprocess.run with a list of arguments and without shell=True.',
  },
  {
    severity: 'warning',
    applies: (file) => PYTHON.test(file),
    finds: inCode(UNSAFE_LOAD),
    title: () => 'Loading this data can run code',
    why: "pickle and yaml.load build any object that the data names, which is running code of the data's author.",
    mend: 'Use yaml.safe_load, or JSON.',
  },
  {
    severity: 'warning',
    applies: (file) => JAVASCRIPT.test(file) || /\.html?$/i.test(file),
    finds: inCode(RAW_HTML),
    title: () => 'Text becomes HTML',
    why: "If any part of it comes from a user, that user can run scripts in another one's browser.",
    mend: 'Use textContent, or clean the HTML with a sanitizer first.',
  },
  {
    severity: 'warning',
    applies: (file) => SOURCE.test(file),
    finds: inCode(LEFT_OVER_STOP),
    title: () => 'A debugger stop is left in',
    why: 'The program halts here, or prints its internals, wherever it runs.',
    mend: 'Take the line out.',
  },
  {
    severity: 'warning',
    applies: (file) => JAVASCRIPT.test(file) && TEST_FILE.test(file),
    finds: inCode(FOCUSED),
    title: () => 'Only this test runs',
    why: 'A focused test silences all others, and the suite stays green.',
    mend: 'Take the focus out: `it`, `test` or `describe` without `.only`.',
  },
  {
    severity: 'suggestion',
    applies: (file) => SOURCE.test(file) && !MAY_PRINT.test(file),
    finds: inCode(LEFT_OVER_PRINT),
    title: () => 'A debugging print is left in',
    why: "It writes to the console of whoever runs this, past the log's levels and its redaction.",
    mend: "Take it out, or use the project's logger.",
  },
]
