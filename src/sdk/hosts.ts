/** The host of an address with or without its scheme, in lower case; null when it has none. */
export function hostOf(address: string): string | null {
  const url = URL.parse(/^www\./i.test(address) ? `http://${address}` : address)
  return url === null || url.hostname === '' ? null : url.hostname.toLowerCase()
}
