// The small schemas that hookyard.yaml and module.yaml share: each says what it expects in the words of a problem.
import { z } from 'zod'
import { formatDuration, parseDuration } from '../lib/duration.ts'

/** The `error` of a schema: what is expected, and how to fix it when that is not plain. */
export const says = (expected: string, fix?: string): string =>
  fix === undefined ? expected : `${expected}\n${fix}`

const DURATION = 'a duration: 30s, 5m, 2h, 7d or a number of seconds'
const DURATION_PATTERN = String.raw`^\s*\d+(\.\d+)?\s*[smhd]?\s*$`

/** A duration, in milliseconds; bounds in milliseconds, both included. */
export function duration(minMs: number, maxMs: number) {
  return z
    .union(
      [z.string({ error: DURATION }).meta({ pattern: DURATION_PATTERN }), z.number({ error: DURATION })],
      {
        error: DURATION,
      },
    )
    .transform((written, context) => {
      const fail = (message: string) => {
        context.issues.push({ code: 'custom', message, input: written })
        return z.NEVER
      }
      try {
        const ms = parseDuration(written)
        if (ms >= minMs && ms <= maxMs) return ms
      } catch {
        return fail(DURATION)
      }
      return fail(`a duration from ${minMs === 0 ? '0' : formatDuration(minMs)} to ${formatDuration(maxMs)}`)
    })
}

/** Text that is more than white space. */
export const text = (expected = 'text') =>
  z
    .string({ error: expected })
    .refine((value) => value.trim() !== '', { error: `${expected} that is not empty` })
    .meta({ minLength: 1 })

/** A secret: not empty, not a file's name, not a placeholder's remains. */
export const secret = (expected: string, variable: string) =>
  z
    .string({ error: says(`${expected} that is not empty`, `write \${${variable}} and set ${variable}`) })
    .refine((value) => value.trim() !== '', {
      error: says(`${expected} that is not empty`, `write \${${variable}} and set ${variable} to its value`),
    })
    .meta({ minLength: 1 })

/** A secret that travels in a header or an address: white space in it is a slip of the clipboard. */
export const token = (expected: string, variable: string) =>
  secret(expected, variable).refine((value) => value.trim() === '' || !/\s/.test(value), {
    error: says(`${expected} without white space`, 'copy it again, without spaces and line ends'),
  })

const HTTP_URL = 'an address that begins with http:// or https://'

/** An http(s) address, without slashes at its end. */
export const httpUrl = () =>
  z
    .string({ error: HTTP_URL })
    .refine(isHttpUrl, { error: HTTP_URL })
    .meta({ format: 'uri' })
    .transform((value) => value.replace(/\/+$/, ''))

/** Whether it is an absolute http(s) URL. */
export function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^\s/]/i.test(value) && URL.canParse(value)
}

const REPO_PATTERN = 'a repository, OWNER/NAME or OWNER/*'

/** `OWNER/NAME` or `OWNER/*`, in lower case. */
export const repoPattern = () =>
  z
    .string({ error: says(REPO_PATTERN, 'write it like octocat/Hello-World or "octocat/*"') })
    .regex(/^[A-Za-z0-9_-]+\/(?:\*|(?!\.{1,2}$)[A-Za-z0-9._-]+)$/, {
      error: says(REPO_PATTERN, 'write it like octocat/Hello-World or "octocat/*"'),
    })
    .transform((value) => value.toLowerCase())

/** Caps in USD; absent = null. */
export const usd = () => z.number().min(0).optional()

export const CONCURRENCY = ['queue', 'cancel_running', 'parallel'] as const
export type Concurrency = (typeof CONCURRENCY)[number]
export const ON_COOLDOWN = ['skip', 'trailing'] as const

const SECOND = 1_000
const DAY = 24 * 3_600 * SECOND

/** The policy keys that a manifest sets and `modules.NAME` overrides. */
export const policy = {
  cooldown: () => duration(0, 30 * DAY),
  debounce: () => duration(0, DAY),
  maxWait: () => duration(0, 30 * DAY),
  timeout: () => duration(SECOND / 10, DAY),
  backoff: () => duration(0, DAY),
  retries: () => z.int().min(0).max(20),
} as const

/** What `modules.NAME` in hookyard.yaml may override; what is absent keeps the manifest's value. */
export interface PolicyOverrides {
  readonly cooldownMs?: number | undefined
  readonly onCooldown?: (typeof ON_COOLDOWN)[number] | undefined
  readonly debounceMs?: number | undefined
  readonly maxWaitMs?: number | undefined
  readonly timeoutMs?: number | undefined
  readonly retries?:
    { readonly max?: number | undefined; readonly backoffMs?: number | undefined } | undefined
  readonly concurrency?: Concurrency | undefined
}
