/** Replaces secrets in whatever it is given, however deep they stand. */
export type Redactor = <T>(value: T) => T

/** A redactor of these values; those shorter than 8 characters would hit innocent text and are left alone. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const written = secrets
    .filter((secret) => secret.length >= 8)
    .map((secret) => JSON.stringify(secret).slice(1, -1))
  return (value) => {
    if (value === undefined || written.length === 0) return value
    const json = JSON.stringify(value)
    if (!written.some((secret) => json.includes(secret))) return value
    return JSON.parse(
      written.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), json),
    ) as typeof value
  }
}
