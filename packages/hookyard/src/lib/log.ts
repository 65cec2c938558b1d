/** What the stages log to; pino fits it. Fields first, then the sentence. */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

/** Says nothing; for tests and one-shot commands. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** The log, whose every line has these fields too. */
export function logWith(log: Log, more: Record<string, unknown>): Log {
  return {
    debug: (fields, message) => log.debug({ ...more, ...fields }, message),
    info: (fields, message) => log.info({ ...more, ...fields }, message),
    warn: (fields, message) => log.warn({ ...more, ...fields }, message),
    error: (fields, message) => log.error({ ...more, ...fields }, message),
  }
}
