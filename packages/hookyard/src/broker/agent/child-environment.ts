// What an agent process may know of this machine: a closed list. The service's tokens are not on it.

export type Environment = Readonly<Record<string, string | undefined>>

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']
const ALLOWED = new Set([
  ...['PATH', 'HOME', 'LANG', 'TMPDIR', 'CLAUDE_CODE_OAUTH_TOKEN'],
  ...PROXIES,
  ...PROXIES.map((name) => name.toLowerCase()),
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'],
])

/** Names whose values are no secret and may appear in an error's text. */
const PUBLIC = new Set(['PATH', 'HOME', 'LANG', 'TMPDIR', 'NO_PROXY', 'no_proxy'])

/** The agent's environment: the allowed names of ours, the key, then `agent.env`, which wins. */
export function childEnvironment(
  environment: Environment,
  settings: { readonly apiKey: string | null; readonly env: Readonly<Record<string, string>> },
): Record<string, string> {
  const child: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (ALLOWED.has(name) || name.startsWith('ANTHROPIC_'))) child[name] = value
  }
  if (settings.apiKey !== null) child.ANTHROPIC_API_KEY = settings.apiKey
  return { ...child, ...settings.env }
}

/** Values that must not appear in a log or an error, longest first. */
export function secretValues(child: Readonly<Record<string, string>>): string[] {
  return Object.entries(child)
    .filter(([name, value]) => !PUBLIC.has(name) && value.length >= 6)
    .map(([, value]) => value)
    .sort((a, b) => b.length - a.length)
}
