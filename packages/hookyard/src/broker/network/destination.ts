// Where a module's request goes: an address that its grants cover and that was checked is the one that is connected to.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { splitHost } from '../../config/needs.ts'
import { PermanentError } from '../../lib/errors.ts'
import type { Module } from '../../registry/manifest.ts'
import { isLoopback, isPublicAddress } from './public-address.ts'

export interface Address {
  readonly address: string
  readonly family: number
}

/** All addresses of a name. Rejects when it has none. */
export type Resolve = (name: string) => Promise<readonly Address[]>

export const resolveBySystem: Resolve = (name) => lookup(name, { all: true, verbatim: true })

type Granted = Pick<Module, 'name' | 'manifest' | 'granted'>

/**
 * The addresses that a request to this URL may connect to.
 * @throws PermanentError `missing_grant` for a host that is not granted or an address that is private and not listed
 * itself, `invalid_argument` for a URL that no request goes to; Error when the name does not resolve.
 */
export async function destinationOf(
  module: Granted,
  url: URL,
  resolve: Resolve,
): Promise<readonly Address[]> {
  const isSecure = url.protocol === 'https:'
  if (!isSecure && url.protocol !== 'http:')
    throw invalid(module, url, 'requests go to https:// and http:// alone')
  if (url.username !== '' || url.password !== '')
    throw invalid(module, url, 'a user and a password stand in a header (authorization), not in the address')
  const port = url.port || (isSecure ? '443' : '80')
  if (!covers(module.granted.network, url.hostname, port)) throw notGranted(module, url, port)

  const host = url.hostname.replace(/^\[|\]$/g, '')
  const found = isIP(host) === 0 ? await resolve(host) : [{ address: host, family: isIP(host) }]
  const isListed = (address: string) =>
    covers(module.granted.network, spelled(address), port) || (isOwnName(url.hostname) && isLoopback(address))
  const allowed = found.filter(({ address }) => isPublicAddress(address) || isListed(address))
  if (allowed.length === 0) throw privateAddress(module, url, port, found)
  const inClear = isSecure ? allowed : allowed.filter(({ address }) => !isPublicAddress(address))
  if (inClear.length === 0) throw invalid(module, url, 'over the internet requests go by https:// alone')
  return inClear
}

/** Whether the entries name this host with this port, or with any. */
function covers(entries: readonly string[], hostname: string, port: string): boolean {
  return entries.some((entry) => {
    const one = splitHost(entry)
    return one.name === hostname && (one.port === null || one.port === port)
  })
}

/** `localhost` can mean nothing but this machine, so whoever lists it has listed loopback. */
const isOwnName = (hostname: string) => hostname === 'localhost' || hostname.endsWith('.localhost')

/** An address as entries of `network` spell it. */
function spelled(address: string): string {
  return URL.parse(isIP(address) === 6 ? `http://[${address}]` : `http://${address}`)?.hostname ?? address
}

function notGranted(module: Granted, url: URL, port: string): PermanentError {
  const entry = port === '443' ? url.hostname : `${url.hostname}:${port}`
  const missing = [
    ...(covers(module.manifest.needs.network, url.hostname, port)
      ? []
      : ['`needs.network` of its module.yaml']),
    `\`modules.${module.name}.allow.network\` of hookyard.yaml`,
  ]
  return refused(module, url, `add ${JSON.stringify(entry)} to ${missing.join(' and to ')}`)
}

function privateAddress(module: Granted, url: URL, port: string, found: readonly Address[]): PermanentError {
  const { address = '' } = found[0] ?? {}
  const entry = JSON.stringify(`${spelled(address)}:${port}`)
  return refused(
    module,
    url,
    `it is at ${address}, which is no public address; if that is meant, add ${entry} to \`needs.network\` of its ` +
      `module.yaml and to \`modules.${module.name}.allow.network\` of hookyard.yaml`,
  )
}

const refused = ({ name }: Granted, url: URL, why: string) =>
  new PermanentError(`module ${name} may not fetch ${shownUrl(url)}: ${why}`, { reason: 'missing_grant' })

const invalid = ({ name }: Granted, url: URL, why: string) =>
  new PermanentError(`module ${name} cannot fetch ${shownUrl(url)}: ${why}`, { reason: 'invalid_argument' })

/** For messages and logs: a query may hold what nobody else should read. */
export function shownUrl({ protocol, host, pathname }: URL): string {
  const path = pathname.length > 200 ? `${pathname.slice(0, 200)}…` : pathname
  return `${protocol}//${host.slice(0, 260)}${path}`
}
