// Secrets for tests, made when they run: none stands in the repository, and none opens anything.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** `length` characters that look drawn by lot and are always the same for one seed. */
export function fakeCharacters(length: number, seed: number, alphabet = LETTERS): string {
  let state = seed * 2_654_435_761 + 12_345
  return Array.from({ length }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0
    return alphabet.charAt(state % alphabet.length)
  }).join('')
}

const HEX = '0123456789abcdef'
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** By kind, each in the form that its service documents. */
export const fakeSecret = {
  github: (seed = 1) => `ghp_${fakeCharacters(36, seed)}`,
  gitlab: (seed = 1) => `glpat-${fakeCharacters(20, seed)}`,
  awsId: (seed = 1) => `AKIA${fakeCharacters(16, seed, UPPER)}`,
  awsSecret: (seed = 1) => fakeCharacters(40, seed),
  anthropic: (seed = 1) => `sk-ant-api03-${fakeCharacters(93, seed)}AA`,
  slack: (seed = 1) =>
    `xoxb-${fakeCharacters(12, seed, '987654321')}-${fakeCharacters(12, seed + 1, '987654321')}-${fakeCharacters(24, seed)}`,
  slackHook: (seed = 1) =>
    `https://hooks.slack.com/services/T${fakeCharacters(8, seed, UPPER)}/B${fakeCharacters(8, seed + 1, UPPER)}/${fakeCharacters(24, seed)}`,
  stripe: (seed = 1) => `sk_live_${fakeCharacters(24, seed)}`,
  stripeTest: (seed = 1) => `sk_test_${fakeCharacters(24, seed)}`,
  npm: (seed = 1) => `npm_${fakeCharacters(36, seed)}`,
  sendgrid: (seed = 1) => `SG.${fakeCharacters(22, seed)}.${fakeCharacters(43, seed + 1)}`,
  telegram: (seed = 1) => `${fakeCharacters(10, seed, '987654321')}:AA${fakeCharacters(33, seed)}`,
  google: (seed = 1) => `AIza${fakeCharacters(35, seed)}`,
  password: (seed = 1) => fakeCharacters(16, seed),
  hex: (length: number, seed = 1) => fakeCharacters(length, seed, HEX),
  /** The lines of a PEM block. */
  privateKey: (seed = 1) => [
    '-----BEGIN RSA PRIVATE KEY-----',
    ...[0, 1, 2, 3].map((n) => fakeCharacters(64, seed + n)),
    '-----END RSA PRIVATE KEY-----',
  ],
}
