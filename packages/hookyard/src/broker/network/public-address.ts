// Which addresses are of the public internet. The lists are IANA's special-purpose registries (RFC 6890 and later
// entries) and multicast; what is not known to be public counts as private.
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const SPECIAL_V4 = [
  '0.0.0.0/8', // this network: Linux connects 0.0.0.0 to loopback
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by a carrier's customers; some clouds keep their metadata there
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // Azure's platform, reached from virtual machines alone
  '169.254.0.0/16', // link-local; metadata of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; Oracle's metadata
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // former relays from IPv6
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved; broadcast
]

/**
 * All of IPv6 that is public. Outside lie loopback, link-local (fe80::/10), unique local (fc00::/7, AWS's metadata at
 * fd00:ec2::254), multicast, and addresses that hold an IPv4 one: mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96).
 */
const GLOBAL_V6 = '2000::/3'
const SPECIAL_V6 = [
  '2001::/23', // protocol assignments; Teredo holds IPv4 addresses
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: holds IPv4 addresses
  '3fff::/20', // documentation
]

const specialV4 = listOf(SPECIAL_V4, 'ipv4')
const specialV6 = listOf(SPECIAL_V6, 'ipv6')
const globalV6 = listOf([GLOBAL_V6], 'ipv6')
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function listOf(subnets: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [net = '', prefix] = subnet.split('/')
    list.addSubnet(net, Number(prefix), family)
  }
  return list
}

/** Whether the address (as the resolver or a URL spells it) is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !specialV4.check(address, 'ipv4')
  if (!isIPv6(address) || address.includes('%')) return false
  return globalV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6')
}

/** Whether it is this machine itself. */
export function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}
