// https proves who answers: the name that was granted, not the address that it resolved to.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { module } from '../../../../../test/builders.ts'
import { NO_NEEDS } from '../../config/needs.ts'
import { openNetwork } from './fetch.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.warn('openssl is missing: the tests of certificates are skipped')

describe.skipIf(!hasOpenssl)('certificates', () => {
  const before = getCACertificates('default')
  const server = createServer((request, response) => {
    if (request.url === '/down') response.writeHead(302, { location: `http://127.0.0.1:${port}/` })
    response.end(request.headers.host)
  })
  let port = 0
  let cert = ''
  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hookyard-tls-'))
    const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    execFileSync(
      'openssl',
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=api.example.com -addext subjectAltName=DNS:api.example.com'
        .split(' ')
        .concat('-keyout', keyFile, '-out', certFile),
      { stdio: 'ignore' },
    )
    cert = readFileSync(certFile, 'utf8')
    server.setSecureContext({ key: readFileSync(keyFile), cert })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    setDefaultCACertificates(before)
    server.close()
  })

  const fetch = async (host: string, path = '/') => {
    const network = [host, '127.0.0.1']
    const needs = { ...NO_NEEDS, network }
    const { signal } = new AbortController()
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const url = `https://${host}:${port}${path}`
    return openNetwork(module('m', { needs }, { granted: needs }), signal, { resolve }).fetch({
      ...{ method: 'GET', url, headers: [], body: null, redirect: 'follow' },
    })
  }

  test('one that nobody vouches for is refused', async () => {
    await expect(fetch('api.example.com')).rejects.toThrow(/self-signed certificate/)
  })

  test('the name of the address counts, and https leads to no http', async () => {
    setDefaultCACertificates([...before, cert])
    const answer = await fetch('api.example.com')
    expect(Buffer.from(answer.body, 'base64').toString()).toBe(`api.example.com:${port}`)
    await expect(fetch('other.example')).rejects.toThrow(/does not match certificate's altnames/)
    await expect(fetch('127.0.0.1')).rejects.toThrow(/does not match certificate's altnames/)
    await expect(fetch('api.example.com', '/down')).rejects.toThrow(/from https to http/)
  })
})
