// Tokens that services publish a shape for. Used to find them in a change and to keep them out of texts.

export interface SecretPattern {
  /** What it is, for a person: `a GitHub token`. */
  readonly what: string
  /** Global; matches the token itself. */
  readonly pattern: RegExp
}

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})/g },
  { what: 'a GitLab token', pattern: /\bglpat-[A-Za-z0-9_-]{20,}/g },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { what: 'a Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}/g },
  {
    what: 'an AI provider key',
    pattern: /\bsk-(?:(?:ant|proj|svcacct|or)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})/g,
  },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g },
  { what: 'a Slack webhook', pattern: /\bhooks\.slack\.com\/services\/[A-Za-z0-9/]{20,}/g },
  { what: 'a Discord webhook', pattern: /\bdiscord(?:app)?\.com\/api\/webhooks\/\d+\/[\w-]{20,}/g },
  { what: 'a Stripe key', pattern: /\b[rs]k_live_[A-Za-z0-9]{16,}/g },
  { what: 'a SendGrid key', pattern: /\bSG\.[\w-]{22}\.[\w-]{43}/g },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { what: 'a PyPI token', pattern: /\bpypi-[A-Za-z0-9_-]{50,}/g },
  { what: 'a Telegram bot token', pattern: /\b\d{8,10}:[A-Za-z0-9_-]{35}\b/g },
  { what: 'a signed web token', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g },
  {
    what: 'a private key',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----)?/g,
  },
]

/** What only looks like a secret: too unsure to call it a finding, sure enough not to publish it. */
const LOOKALIKES: readonly RegExp[] = [
  // scheme://user:password@host
  /(?<=\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/:@'"`]{1,100}:)[^\s/@'"`]{3,200}(?=@)/gi,
  /(?<=\b(?:authorization|proxy-authorization)['"]?\s{0,3}[:=]\s{0,3}['"]?(?:bearer|basic|token)\s{1,3})[\w.~+/=-]{8,}/gi,
  // A name that says so, and a literal in quotes.
  /(?<=(?:passw(?:or)?d|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret)['"]?\s{0,3}(?::|=>|:?=)\s{0,3}(["']))(?!\1)[^\s"'`<>${}]{6,200}(?=\1)/gi,
]

/** The text with every known token shape, and what looks like a credential, replaced by `(secret removed)`. */
export function redactSecrets(text: string): string {
  let redacted = text
  for (const { pattern } of SECRET_PATTERNS) redacted = redacted.replace(pattern, '(secret removed)')
  for (const pattern of LOOKALIKES) redacted = redacted.replace(pattern, '(secret removed)')
  return redacted
}
