// Private is everything that is not known to be public, in every family and spelling that a resolver or a URL brings.
import { expect, test } from 'vitest'
import { isLoopback, isPublicAddress } from './public-address.ts'

test.each([
  ['1.1.1.1', true],
  ['93.184.215.14', true],
  ['100.63.255.255', true],
  ['100.128.0.0', true],
  ['172.15.255.255', true],
  ['172.32.0.1', true],
  ['192.0.1.1', true],
  ['223.255.255.255', true],
  ['0.0.0.0', false],
  ['0.1.2.3', false],
  ['10.0.0.1', false],
  ['100.64.0.1', false],
  ['100.100.100.200', false], // Alibaba's metadata
  ['127.0.0.1', false],
  ['127.255.255.254', false],
  ['168.63.129.16', false],
  ['169.254.169.254', false],
  ['172.16.0.1', false],
  ['172.31.255.255', false],
  ['192.0.0.192', false],
  ['192.168.1.1', false],
  ['198.18.0.1', false],
  ['224.0.0.1', false],
  ['239.255.255.250', false],
  ['255.255.255.255', false],
  ['2606:4700:4700::1111', true],
  ['2a00:1450:4001:82b::200e', true],
  ['2001:4860:4860::8888', true],
  ['::', false],
  ['::1', false],
  ['0:0:0:0:0:0:0:1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:8.8.8.8', false],
  ['::ffff:7f00:1', false],
  ['::127.0.0.1', false],
  ['64:ff9b::7f00:1', false],
  ['64:ff9b::10.0.0.1', false],
  ['64:ff9b:1::1', false],
  ['100::1', false],
  ['2001::1', false],
  ['2001:db8::1', false],
  ['2002:7f00:1::', false],
  ['3fff::1', false],
  ['5f00::1', false],
  ['fc00::1', false],
  ['fd00:ec2::254', false],
  ['fe80::1', false],
  ['fe80::1%lo', false],
  ['2606:4700:4700::1111%1', false],
  ['fec0::1', false],
  ['ff02::1', false],
  ['example.com', false],
  ['', false],
  ['2130706433', false],
])('%s: public %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected)
})

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['10.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
])('%s: this machine %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected)
})
