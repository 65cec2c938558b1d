/** The host of an address with or without its scheme, in lower case; null when it has none. */
export function hostOf(address: string): string | null {
  const url = URL.parse(/^www\./i.test(address) ? `http://${address}` : address)
  return url === null || url.hostname === '' ? null : url.hostname.toLowerCase()
}

/** The hosts of all `http(s)://` and `www.` addresses in the text, in lower case. */
export function* hostsIn(text: string): Generator<string> {
  for (const [address] of text.matchAll(/(?:https?:\/\/|\bwww\.)[^\s/?#\\<>"'`)\]]{1,253}/gi)) {
    const host = hostOf(address)
    if (host !== null) yield host
  }
}
