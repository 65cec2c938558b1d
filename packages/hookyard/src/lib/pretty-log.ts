const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** A JSON log line for a person: time, level, sentence, then the fields. */
export function prettyLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>
  const fields = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const error = err ? ` (${String((err as { message?: unknown }).message)})` : ''
  return `${String(time).slice(11, 19)} ${LEVELS[Number(level)] ?? level} ${String(msg ?? '')}${error}${fields.join('')}\n`
}
