// Calls that turn data into code, a command or a page, or that trust whoever answers.
import { DYNAMIC, JAVASCRIPT, onCode, PYTHON, type Rule } from './rule.ts'

const EVAL = /(?<![.\w$>:@])(eval)\s*\((?!\s*\))|\b(new Function)\s*\((?!\s*\))/
/** `def eval(`, `function eval(`: it is defined here, not called. */
const DEFINES = /\b(?:def|function|fn|func)\s+$/
/** A constant runs what stands there. */
const CONSTANT = /(?:eval|new Function)\s*\(\s*(?:""|'')\s*\)/

// The strings of these stand in the line as they are: what is put into them is the point.
const SHELL_JAVASCRIPT =
  /(?:\b(?:child_process|cp)\.|(?<![.\w$]))exec(?:Sync)?\s*\(\s*(?:`[^`]*\$\{|(?:"[^"]*"|'[^']*')\s*\+\s*(?!["'`]))/
const SHELL_TRUE_JAVASCRIPT = /\b(?:spawn|spawnSync|execFile|execFileSync|execa)\s*\(.*\bshell:\s*true\b/
const SHELL_PYTHON = /\b(?:subprocess|sp)\.\w+\(.*\bshell\s*=\s*True\b|\bos\.(?:system|popen)\s*\(/
/** `os.system("clear")`: nothing is put into it. */
const CONSTANT_PYTHON =
  /\((?:[rb]?"[^"{%]*"|[rb]?'[^'{%]*')\s*(?:,\s*(?:shell|check|cwd|capture_output|text|env|timeout)\s*=\s*\w+\s*)*\)/

const UNSAFE_LOAD =
  /\b(?:pickle|cPickle|dill|cloudpickle)\.loads?\(|\byaml\.(?:load|load_all)\((?!.*(?:Safe|CSafe|Base|Full)Loader)|\byaml\.unsafe_load\(|\bmarshal\.loads?\(/
const RAW_HTML =
  /\.(?:inner|outer)HTML\s*\+?=(?!=)|\bdangerouslySetInnerHTML\s*=|\bdocument\.write(?:ln)?\(|\.insertAdjacentHTML\(/
/** Nothing, a constant, or what a sanitizer has seen. */
const HARMLESS_HTML =
  /HTML\s*\+?=\s*(?:""|''|``|null)\s*(?:[;})]|$)|__html:\s*(?:""|''|``)\s*\}|(?:write|writeln|HTML)\(\s*(?:""|''|``)(?:\s*,\s*(?:""|''|``))?\s*\)|sanitize|purify|escapeHtml|escapeHTML|encodeURI|trustedHTML/i
const NO_TLS =
  /\brejectUnauthorized:\s*false\b|\bverify\s*=\s*False\b|\bInsecureSkipVerify:\s*true\b|\bNODE_TLS_REJECT_UNAUTHORIZED\b["'\]]*\s*=\s*["']?0|\bssl\._create_unverified_context\b|\bCURLOPT_SSL_VERIFYPEER\s*,\s*(?:false|0)\b|\bverify_mode\s*=\s*OpenSSL::SSL::VERIFY_NONE\b/
const TLS_FILE = /\.(?:[cm]?[jt]sx?|pyw?|go|rb|php)$/i
/** A test talks to a server with a certificate of its own. */
const TEST =
  /(?:^|\/)(?:tests?|__tests__|specs?|e2e|fixtures?)\/|[._](?:test|spec)\.|_test\.go$|(?:^|\/)test_/i

export const DANGEROUS_CALLS: readonly Rule[] = [
  {
    severity: 'warning',
    find: onCode(DYNAMIC, '', ({ code }) => {
      const found = EVAL.exec(code)
      if (found === null || CONSTANT.test(code) || DEFINES.test(code.slice(0, found.index))) return false
      return found[1] ?? found[2] ?? false
    }),
    why: 'Text becomes code: whoever influences the text runs code here.',
    fix: 'Parse the value (JSON.parse, ast.literal_eval), or look the function up in a table.',
  },
  {
    severity: 'warning',
    find: onCode(
      JAVASCRIPT,
      'A shell command is built from text',
      ({ code, spoken }) =>
        (/\bexec(?:Sync)?\s*\(/.test(code) && SHELL_JAVASCRIPT.test(spoken)) ||
        SHELL_TRUE_JAVASCRIPT.test(code),
    ),
    why: 'A value that holds `;`, `$(` or a space changes the command that runs.',
    fix: 'Call execFile or spawn with a list of arguments and without a shell.',
  },
  {
    severity: 'warning',
    find: onCode(
      PYTHON,
      'A command goes through the shell',
      ({ code, spoken }) => SHELL_PYTHON.test(code) && !CONSTANT_PYTHON.test(spoken),
    ),
    why: 'A value that holds `;`, `$(` or a space changes the command that runs.',
    fix: 'Call subprocess.run with a list of arguments and without shell=True.',
  },
  {
    severity: 'warning',
    find: onCode(PYTHON, 'Loading this data can run code', ({ code }) => UNSAFE_LOAD.test(code)),
    why: "pickle and yaml.load build any object that the data names, which is running code of the data's author.",
    fix: 'Use yaml.safe_load, or JSON.',
  },
  {
    severity: 'warning',
    find: onCode(
      /\.(?:[cm]?[jt]sx?|vue|svelte|html?)$/i,
      'Text becomes HTML',
      ({ code }) => RAW_HTML.test(code) && !HARMLESS_HTML.test(code),
    ),
    why: "If any part of it comes from a user, that user can run scripts in another one's browser.",
    fix: 'Use textContent, or clean the HTML with a sanitizer first.',
  },
  {
    severity: 'warning',
    find: onCode(
      TLS_FILE,
      'Certificates are not checked',
      ({ code, spoken }, { file }) =>
        NO_TLS.test(/NODE_TLS/.test(code) ? spoken : code) && !TEST.test(file.file),
    ),
    why: 'Anybody on the way can answer in place of the server, and read and change what is sent.',
    fix: 'Give the program the right CA (NODE_EXTRA_CA_CERTS, verify="ca.pem", RootCAs) and check again.',
  },
]
