// The document describes what is there, in OpenAPI's own terms: a published linter finds nothing to say.
import { BaseResolver, createConfig, lintDocument, makeDocumentFromString } from '@redocly/openapi-core'
import { expect, test } from 'vitest'
import { CODES } from '../lib/errors.ts'
import { PEOPLE, startServer } from '../../testing/receive/start-server.ts'

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>
  readonly components: { readonly schemas: Record<string, unknown> }
}

async function fetchDocument() {
  const server = await startServer({ config: PEOPLE })
  const headers = { authorization: 'Bearer reader-token' }
  const answer = await server.app.inject({ url: '/api/openapi.json', headers })
  expect(answer.statusCode).toBe(200)
  return { ...server, document: answer.json<Document>() }
}

test('the linter’s recommended rules hold', async () => {
  const { document } = await fetchDocument()
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintDocument({
    document: makeDocumentFromString(JSON.stringify(document, null, 2), 'openapi.json'),
    config,
    externalRefResolver: new BaseResolver(),
  })
  const told = problems.map(
    ({ ruleId, message, location }) => `${ruleId}: ${location[0]?.pointer}: ${message}`,
  )
  // Health and readiness refuse nothing.
  expect(told.filter((line) => !/^operation-4xx-response: #\/paths\/~1(health|ready)\//.test(line))).toEqual(
    [],
  )
})

test('the linter would find a fault', async () => {
  const { document } = await fetchDocument()
  const config = await createConfig({ extends: ['recommended'] })
  const broken = { ...document, paths: { ...document.paths, '/x/{id}': { get: { responses: {} } } } }
  const problems = await lintDocument({
    document: makeDocumentFromString(JSON.stringify(broken), 'openapi.json'),
    config,
    externalRefResolver: new BaseResolver(),
  })
  expect(problems.map(({ ruleId }) => ruleId)).toContain('path-parameters-defined')
})

/** `METHOD /path/{parameter}` of each route in Fastify's drawing of them, those of HEAD left out. */
function routesIn(tree: string): string[] {
  const above: string[] = []
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] =
      /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? []
    if (part === '') return []
    const depth = indent.length / 4
    above.splice(depth, above.length, part)
    const path = above.join('').replaceAll(/:(\w+)/g, '{$1}')
    return methods
      .split(', ')
      .filter((method) => method !== '' && method !== 'HEAD')
      .map((method) => `${method} ${path}`)
  })
}

test('every route is described, and every description has its route', async () => {
  const { app, document } = await fetchDocument()
  await app.ready()
  const routes = routesIn(app.printRoutes({ commonPrefix: false }))
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  // These two are there to refuse.
  expect(routes.toSorted()).toEqual([...described, 'DELETE /mcp', 'GET /mcp'].toSorted())
})

test('nothing in it points outside of it, and each code is one of the contract’s', async () => {
  const { document } = await fetchDocument()
  const text = JSON.stringify(document)
  const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] ?? '')
  expect(refs.filter((name) => !(name in document.components.schemas))).toEqual([])
  expect(text).not.toMatch(/\$defs|\$id|\$schema/)
  const codes = [...text.matchAll(/"code":\{"type":"string","enum":(\[[^\]]*\])/g)].flatMap(
    (match) => JSON.parse(match[1] ?? '[]') as string[],
  )
  expect(codes.length).toBeGreaterThan(0)
  expect(codes.filter((code) => !(code in CODES))).toEqual([])
})
