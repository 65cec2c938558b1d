// Nothing is trusted but bytes whose HMAC proves that a holder of the secret sent them.
import { sign as octokitSign } from '@octokit/webhooks-methods'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSigned } from './verify-signature.ts'
import { sign } from '../../testing/receive/start-server.ts'

const createVerifier =
  (secrets: readonly string[]) => (bytes: Uint8Array, header: Parameters<typeof isSigned>[1]) =>
    isSigned(bytes, header, secrets)
const body = Buffer.from('{"zen":"Keep it logically awesome."}')

test('a signature made with the secret verifies, in hex of either case', () => {
  const verify = createVerifier(['s3cret'])
  const good = sign(body, 's3cret')
  expect(verify(body, good)).toBe(true)
  expect(verify(body, `sha256=${good.slice(7).toUpperCase()}`)).toBe(true)
})

test("GitHub's own library signs alike, for a secret and a body beyond ASCII", async () => {
  const text = '{"title":"Grüße 👋"}'
  const signature = await octokitSign('gehéim-🔑', text)
  expect(createVerifier(['gehéim-🔑'])(Buffer.from(text), signature)).toBe(true)
})

test("GitHub's documented example verifies", () => {
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  expect(createVerifier(["It's a Secret to Everybody"])(Buffer.from('Hello, World!'), signature)).toBe(true)
})

test('while secrets rotate, any of them verifies, and no other', () => {
  const verify = createVerifier(['new', 'old'])
  expect(['new', 'old', 'older'].map((secret) => verify(body, sign(body, secret)))).toEqual([
    true,
    true,
    false,
  ])
})

test.each([
  ['no header', undefined],
  ['an empty header', ''],
  ['a repeated header', [sign(body), sign(body)]],
  ['two signatures joined', `${sign(body)}, ${sign(body)}`],
  ['no prefix', sign(body).slice(7)],
  ['the prefix alone', 'sha256='],
  ['the prefix of SHA-1', `sha1=${sign(body).slice(7)}`],
  ['a prefix of another case', `SHA256=${sign(body).slice(7)}`],
  ['a digit too few', sign(body).slice(0, -1)],
  ['a digit too many', `${sign(body)}0`],
  ['a letter that is no digit', `${sign(body).slice(0, -1)}g`],
  ['a line break after it', `${sign(body)}\n`],
  ['another secret', sign(body, 'other')],
  ['another body', sign('{}')],
])('refuses %s', (_name, header) => {
  expect(createVerifier(['test-secret'])(body, header)).toBe(false)
})

test.each([[[]], [['']]])(
  'without a secret (%j) nothing verifies, not even what an empty one signed',
  (secrets) => {
    expect(createVerifier(secrets)(body, sign(body, ''))).toBe(false)
  },
)

test('any flipped bit, of the body or of the signature, is refused', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 2_000 })
  fc.assert(
    fc.property(
      bytes,
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.nat(255),
      (content, secret, at, signatureBit) => {
        const original = Buffer.from(content)
        const verify = createVerifier([secret])
        const signature = sign(original, secret)
        expect(verify(original, signature)).toBe(true)

        const body = Buffer.from(original)
        const bit = at % (body.length * 8)
        body[bit >> 3]! ^= 1 << (bit & 7)
        expect(verify(body, signature)).toBe(false)

        const digest = Buffer.from(signature.slice(7), 'hex')
        digest[signatureBit >> 3]! ^= 1 << (signatureBit & 7)
        expect(verify(original, `sha256=${digest.toString('hex')}`)).toBe(false)
      },
    ),
  )
})
