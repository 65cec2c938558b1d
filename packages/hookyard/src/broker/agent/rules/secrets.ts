// Secrets in added lines: by secretlint's recommended rules and our own shapes, placeholders left out.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { lintSource as LintSource } from '@secretlint/core'
import { SECRET_PATTERNS } from '@hookyard/sdk/host'
import type { CodeLine } from './code-lines.ts'
import { type Hit, TEST_FILE } from './rule.ts'

/** Characters that are scanned at once; then others have a turn. */
const CHUNK = 16_000
const MAX_LINE = 2_000

/** The added lines with a secret in them, each titled by what it looks like. Never repeats the secret. */
export async function findSecrets(path: string, lines: readonly CodeLine[]): Promise<Hit[]> {
  const added = lines.filter((line) => line.added)
  const hits: Hit[] = []
  for (const chunk of chunksOf(added)) {
    hits.push(...(await scan(path, chunk)), ...ownPatterns(chunk), ...privateKeys(chunk))
    await nextTurn()
  }
  const seen = new Set<number>()
  return hits.filter(({ line }) => !seen.has(line) && seen.add(line)).sort((a, b) => a.line - b.line)
}

function chunksOf(lines: readonly CodeLine[]): CodeLine[][] {
  const chunks: CodeLine[][] = []
  let size = CHUNK
  for (const line of lines) {
    if (size + line.text.length > CHUNK) {
      chunks.push([])
      size = 0
    }
    chunks.at(-1)?.push(line)
    size += Math.min(line.text.length, MAX_LINE)
  }
  return chunks
}

const cut = ({ text }: CodeLine): string => text.slice(0, MAX_LINE)

// ── secretlint ───────────────────────────────────────────────────────────────────────────────────

/** In the words of a person; what is not here is told by its scanner's name. */
const NAMES: Readonly<Record<string, string>> = {
  '1password': 'a 1Password token',
  anthropic: 'an Anthropic key',
  aws: 'an AWS secret key',
  basicauth: 'a password in an address',
  'database-connection-string': 'a password of a database',
  docker: 'a Docker token',
  github: 'a GitHub token',
  gitlab: 'a GitLab token',
  npm: 'an npm token',
  openai: 'an OpenAI key',
  privatekey: 'a private key',
  sendgrid: 'a SendGrid key',
  slack: 'a Slack token',
  stripe: 'a Stripe key',
}

const PRESET = '@secretlint/secretlint-rule-preset-recommend'
/** Passwords that a test writes into an address are made up, and have no form that could tell. */
const IN_ADDRESSES = new Set(['basicauth', 'database-connection-string'])
/** Keys for trying things out open nothing. */
const HARMLESS = /_TEST$/

async function loadScanner() {
  const [core, preset] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ])
  // A comment in the change must not be able to switch the scanner off.
  const filter = { id: '@secretlint/secretlint-rule-filter-comments', disabled: true }
  const config: Parameters<typeof LintSource>[0]['options']['config'] = {
    rules: [{ id: PRESET, rule: preset.creator, rules: [filter] }],
  }
  return { lintSource: core.lintSource, config }
}

let scanner: ReturnType<typeof loadScanner> | undefined

async function scan(path: string, lines: readonly CodeLine[]): Promise<Hit[]> {
  const { lintSource, config } = await (scanner ??= loadScanner())
  const content = lines.map(cut).join('\n')
  const ext = /\.[^./]+$/.exec(path)?.[0] ?? ''
  const { messages } = await lintSource({
    source: { filePath: path, content, contentType: 'text', ext },
    options: { config, noPhysicFilePath: true },
  })
  return messages.flatMap(({ loc, ruleId, messageId, range }) => {
    const line = lines[loc.start.line - 1]
    const secret = content.slice(range[0], range[1])
    if (line === undefined || HARMLESS.test(messageId) || isPlaceholder(secret)) return []
    const rule = ruleId.replace(/^.*secretlint-rule-/, '')
    // It points at the file's first line; the private key within has a line of its own.
    if (rule === 'gcp') return []
    if (IN_ADDRESSES.has(rule) && TEST_FILE.test(path)) return []
    return [{ line: line.line, title: titleOf(NAMES[rule] ?? `a secret (${rule})`) }]
  })
}

const titleOf = (what: string): string => `This looks like ${what}`

// ── our own patterns ─────────────────────────────────────────────────────────────────────────────

/** A signed web token in code is nearly always an example, and a private key has a form of its own. */
const NOT_HERE = new Set(['a signed web token', 'a private key'])

function ownPatterns(lines: readonly CodeLine[]): Hit[] {
  // Firebase's web key names the project, and is public by design.
  const firebase = lines.some(({ text }) => /\bauthDomain\b|firebaseapp\.com/.test(text))
  return lines.flatMap((line) => {
    const found = SECRET_PATTERNS.find(({ what, pattern }) => {
      if (NOT_HERE.has(what) || (firebase && what === 'a Google API key')) return false
      return (cut(line).match(pattern) ?? []).some((secret) => !isPlaceholder(secret))
    })
    return found ? [{ line: line.line, title: titleOf(found.what) }] : []
  })
}

/** The header alone is what a parser looks for; with key material behind it, it is a key. */
function privateKeys(lines: readonly CodeLine[]): Hit[] {
  return lines.flatMap((line, index) => {
    const header = /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(.*)$/.exec(cut(line))
    if (header === null) return []
    const behind = [header[1] ?? '', ...lines.slice(index + 1, index + 5).map(cut)].join('\n')
    return /(?:^|\\n|\s|["'`])[A-Za-z0-9+/]{40,}={0,2}(?:\\n|\s|["'`]|$)/.test(behind) &&
      !isPlaceholder(behind.slice(0, 200))
      ? [{ line: line.line, title: titleOf('a private key') }]
      : []
  })
}

// ── placeholders ─────────────────────────────────────────────────────────────────────────────────

const SAYS_SO =
  /example|placeholder|your[-_]?|personal[-_]?access|access[-_]?token|[x*.]{6,}|change[-_]?me|dummy|redacted|insert|<[\w-]+>|\$\{|\{\{|%[sd(]|123456789|abcdefgh|services\/T\w{0,6}\/|(.)\1{5}/i
/** Passwords of nobody, in addresses. */
const NOBODYS =
  /:\/\/[^:@/\s]*:(?:pass(?:word)?|postgres|mysql|root|secret|admin|user|guest|test|minioadmin|rabbitmq|redis|mongo|my-?secret-?pw|pw|p|token|\*+)@/i

function isPlaceholder(secret: string): boolean {
  if (SAYS_SO.test(secret) || NOBODYS.test(secret)) return true
  const body = secret.replace(/^[a-z]{2,8}[-_]/i, '')
  // A real key draws from many characters; `aaaa…` and `0000…` do not.
  return body.length >= 16 && new Set(body).size < 8
}
