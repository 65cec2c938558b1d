// What modules say, and what is logged, may hold a secret that somebody was told; it leaves without it, whatever the
// text is that it stands in.
import { afterEach, expect, test, vi } from 'vitest'
import { createLogger } from './logger.ts'
import { createRedactor } from './redactor.ts'

const SECRETS = [
  'ghp_0123456789',
  'line\nbreak"quote',
  'C:\\dir\\"x"\\\\end',
  "a b/c+d=e&f<g>h'i%j?k",
  '12345678:AAF-_token',
  '"\\"\\"\\"\\',
  'grüße-aus-😀-hier',
  '314159265358979',
]

const json = (text: string) => JSON.stringify(text)
const SPELLINGS: readonly (readonly [string, (secret: string) => string])[] = [
  ['as it is', (secret) => secret],
  ['in JSON', json],
  ['in JSON in JSON', (secret) => json(json(secret))],
  ['in JSON in JSON in JSON', (secret) => json(json(json(secret)))],
  [
    'in JSON with escaped slashes and letters',
    (secret) =>
      json(secret)
        .replaceAll('/', '\\/')
        .replace(/[<>&'\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  ],
  ['in a URL', (secret) => `https://host/${encodeURIComponent(secret)}/x`],
  [
    'in a URL with small hex digits',
    (secret) => encodeURIComponent(secret).replace(/%../g, (one) => one.toLowerCase()),
  ],
  ['in a query', (secret) => new URLSearchParams({ key: secret }).toString()],
  [
    'in a path, as URL writes it',
    (secret) => new URL(`https://host/?${secret.replace(/[\n%]/g, encodeURIComponent)}`).href,
  ],
  [
    'in HTML',
    (secret) =>
      secret
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;'),
  ],
]

const cases = SECRETS.flatMap((secret) =>
  SPELLINGS.map(([how, spell]) => [secret, how, spell(secret)] as const),
)

test.each(cases)('%j goes %s', (_secret, _how, spelled) => {
  const redact = createRedactor(SECRETS)
  const text = `before ${spelled} behind`
  const hidden = redact(text)
  expect(hidden).toMatch(/^before .*\[redacted\].* behind$/s)
  expect(hidden.length).toBeLessThan(60)
})

test('secrets go wherever they stand, and nothing else changes', () => {
  const redact = createRedactor(['ghp_0123456789', 'line\nbreak"quote', 'short'])
  expect(redact({ a: 'token ghp_0123456789!', b: ['line\nbreak"quote'], c: 'short', d: 1, e: null })).toEqual(
    {
      a: 'token [redacted]!',
      b: ['[redacted]'],
      c: 'short',
      d: 1,
      e: null,
    },
  )
  expect(redact({ ghp_0123456789: { 'x-ghp_0123456789': 1 } })).toEqual({
    '[redacted]': { 'x-[redacted]': 1 },
  })
  expect(redact(undefined)).toBeUndefined()
  const innocent = { a: [{ b: 'text' }], at: new Date(0) }
  expect(redact(innocent)).toBe(innocent)
})

test('what only looks like an escape inside a secret breaks nothing', () => {
  const redact = createRedactor(['nabcdefgh', '12345678'])
  expect(redact({ text: '\nabcdefgh', more: '\\nabcdefgh' })).toEqual({
    text: '\nabcdefgh',
    more: '\\[redacted]',
  })
  expect(redact({ number: 12_345_678, other: 1.5 })).toEqual({ number: '[redacted]', other: 1.5 })
})

test('a secret within another one leaves nothing of the longer one', () => {
  expect(createRedactor(['abcdefgh', 'abcdefgh-ijkl'])('x abcdefgh-ijkl y')).toBe('x [redacted] y')
})

test('a long text of backslashes is searched in no time', () => {
  const redact = createRedactor(['\\\\\\\\\\\\\\\\x"\\"\\"', 'ab\\\\cd\\"ef'])
  const text = '\\'.repeat(200_000)
  expect(redact(text)).toBe(text)
})

afterEach(() => vi.restoreAllMocks())

/** What a logger with these secrets writes of these fields. */
function lineOf(
  fields: Record<string, unknown>,
  message = 'said',
  format: 'json' | 'pretty' = 'json',
): string {
  let line = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((line += String(text)), true))
  createLogger({ level: 'info', format, secrets: [...SECRETS, 'hush', 'a"b\\c'] }).info(fields, message)
  vi.restoreAllMocks()
  return line
}

test.each(SECRETS)('the log holds %j nowhere', (secret) => {
  const cause = new Error(`the cause ${secret}`)
  const error = Object.assign(new TypeError(`failed with ${secret}`, { cause }), { details: { secret } })
  error.stack = `TypeError: failed with ${secret}\n    at ${secret}.ts:1`
  const circle: Record<string, unknown> = { secret }
  circle['self'] = circle
  const fields = {
    err: error,
    other: error,
    list: [new Error(secret)],
    map: new Map([[secret, { secret }]]),
    set: new Set([secret]),
    bytes: Buffer.from(secret),
    raw: new TextEncoder().encode(secret),
    [secret]: true,
    url: new URL(`https://host/${encodeURIComponent(secret)}`),
    text: JSON.stringify({ secret }),
    circle,
  }
  for (const format of ['json', 'pretty'] as const) {
    const line = lineOf(fields, `said ${secret}`, format)
    const spelled = SPELLINGS.map(([, spell]) => spell(secret))
    for (const one of [...spelled, [...Buffer.from(secret)].join()]) expect(line).not.toContain(one)
    expect(line).toContain('[redacted]')
  }
  const parsed = JSON.parse(lineOf(fields)) as Record<string, { type?: string; stack?: string }>
  expect(parsed['err']).toMatchObject({
    type: 'TypeError',
    message: 'failed with [redacted]: the cause [redacted]',
  })
  expect(parsed['err']?.stack).toContain('at [redacted].ts:1')
  expect(parsed['other']).toMatchObject({ type: 'TypeError' })
  expect(parsed['bytes']).toBe(`<${Buffer.byteLength(secret)} bytes>`)
  expect(parsed['map']).toEqual({ '[redacted]': { secret: '[redacted]' } })
})

test('a short secret goes from the log where it is a word of its own', () => {
  expect(JSON.parse(lineOf({ a: 'hush', b: 'hushed', c: 'x=hush;', d: 'a"b\\c' }))).toMatchObject({
    a: '[redacted]',
    b: 'hushed',
    c: 'x=[redacted];',
    d: '[redacted]',
  })
})
