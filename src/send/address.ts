// Where a message goes: `SCHEME:REST`. The rest of a chat's address is an id; that of a web hook is a secret.

/** Addresses whose rest may be read by anyone who reads the log. */
const OPEN_SCHEMES = new Set(['telegram', 'log'])

/** What stands before the first colon, in lower case; '' when there is no colon. */
export function schemeOf(address: string): string {
  return address.slice(0, Math.max(address.indexOf(':'), 0)).toLowerCase()
}

/** The address for logs: whole when it is no secret, else its scheme alone. */
export function addressLabel(address: string): string {
  const scheme = schemeOf(address)
  return OPEN_SCHEMES.has(scheme) ? address : `${scheme}:(hidden)`
}
