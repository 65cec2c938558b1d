// Where a message goes: `SCHEME:REST`. The rest of a chat's address is an id; that of a web hook is a secret.

/** Addresses whose rest may be read by anyone who reads the log. */
const OPEN_SCHEMES = new Set(['telegram', 'log'])

/** What stands before the first colon, in lower case; '' when there is no colon. */
export function schemeOf(address: string): string {
  return address.slice(0, Math.max(address.indexOf(':'), 0)).toLowerCase()
}

/**
 * What an address's limits are shared with: of a chat its service, of a web hook its host. Two receivers that
 * ask for a pause say nothing about a third one elsewhere.
 */
export function serviceOf(address: string): string {
  const scheme = schemeOf(address)
  const url = /https?:\/\/\S*$/i.exec(address)?.[0]
  return url !== undefined && URL.canParse(url) ? `${scheme} ${new URL(url).host}` : scheme
}

/** The address for logs: whole when it is no secret, else its scheme alone. */
export function addressLabel(address: string): string {
  const scheme = schemeOf(address)
  return OPEN_SCHEMES.has(scheme) ? address : `${scheme}:(hidden)`
}
