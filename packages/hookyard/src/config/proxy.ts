import { isIP } from 'node:net'

const NAMES = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** Whether it names proxies: an IP address, a network (`10.0.0.0/8`), `loopback`, `linklocal` or `uniquelocal`. */
export function isProxy(text: string): boolean {
  if (NAMES.has(text)) return true
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = address.includes('%') ? 0 : isIP(address)
  // `/0` would trust everybody, and with that whatever a stranger writes.
  return (
    version !== 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128)))
  )
}
