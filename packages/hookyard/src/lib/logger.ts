import { pino } from 'pino'
import type { Log } from './log.ts'
import { createRedactor } from './redactor.ts'

export interface LoggerOptions {
  readonly level: string
  readonly format: 'json' | 'pretty'
  /** Values that never appear in a line, whatever field or sentence would carry them. */
  readonly secrets: readonly string[]
}

/** Of a secret that is to be hidden, in characters. A line is read by few, so that an innocent word may go. */
const SHORTEST = 4
const MAX_DEPTH = 8

/** The service's logger: one line an event on stderr, secrets redacted by their value. */
export function createLogger({ level, format, secrets }: LoggerOptions): Log {
  const destination = {
    write: (line: string) => void process.stderr.write(format === 'pretty' ? prettyLine(line) : line),
  }
  const redact = createRedactor(secrets, { shortest: SHORTEST })
  const timestamp = pino.stdTimeFunctions.isoTime
  // Errors are opened below, where their secrets are still to be seen.
  const logger = pino({ level, base: null, timestamp, serializers: { err: (opened) => opened } }, destination)
  const say = (at: keyof Log) => (fields: Record<string, unknown>, message: string) => {
    if (logger.isLevelEnabled(at)) logger[at](redact(loggable(fields, [])) as object, redact(message))
  }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

/** A value as a line holds it: errors, maps and sets are opened, bytes are counted and not shown. */
function loggable(value: unknown, around: readonly object[]): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (around.includes(value)) return '[circular]'
  if (around.length > MAX_DEPTH) return '[too deep]'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`
  const inner = (one: unknown) => loggable(one, [...around, value])
  if (Array.isArray(value)) return value.map(inner)
  if (value instanceof Set) return [...value].map(inner)
  if (value instanceof Map) return opened([...value].map(([key, one]) => [String(key), one]))
  if (value instanceof Error) return opened(Object.entries(pino.stdSerializers.err(value)))
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
    return inner((value as { toJSON: () => unknown }).toJSON())
  return opened(Object.entries(value))

  function opened(entries: [string, unknown][]): Record<string, unknown> {
    return Object.fromEntries(entries.map(([key, one]) => [key, inner(one)]))
  }
}

/** A JSON log line for a person: time, level, sentence, then the fields. */
function prettyLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>
  const fields = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const error = err ? ` (${String((err as { message?: unknown }).message)})` : ''
  const name = pino.levels.labels[Number(level)] ?? level
  return `${String(time).slice(11, 19)} ${name} ${String(msg ?? '')}${error}${fields.join('')}\n`
}
