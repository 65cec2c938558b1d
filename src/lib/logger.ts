import { pino } from 'pino'
import { prettyLine } from './pretty-log.ts'
import type { Log } from './log.ts'

export interface LoggerOptions {
  readonly level: string
  readonly format: 'json' | 'pretty'
  /** Values that never appear in a line, whatever field or sentence would carry them. */
  readonly secrets: readonly string[]
}

/** The service's logger: one line an event on stderr, secrets redacted by their value. */
export function createLogger(options: LoggerOptions): Log {
  const secrets = options.secrets.filter((secret) => secret.length >= 4)
  const redact = (line: string) =>
    secrets.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), line)
  const destination = {
    write(line: string) {
      const safe = redact(line)
      process.stderr.write(options.format === 'pretty' ? prettyLine(safe) : safe)
    },
  }
  return pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}
