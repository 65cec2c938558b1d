// What may be told of a request that got no answer. The messages of network errors hold the URL, and with it a
// token or a secret: only the code or the kind of the error is taken.

/** The code or kind of a network error (`ECONNREFUSED`, `TimeoutError`), never its message. */
export function networkCause(thrown: unknown): string {
  const inner: unknown = Object(thrown).cause
  for (const error of [inner, thrown]) {
    const { code, type, name } = Object(error) as { code?: unknown; type?: unknown; name?: unknown }
    const word = [code, type, name].find((value) => typeof value === 'string' && /^[\w-]{1,60}$/.test(value))
    if (typeof word === 'string') return word
  }
  return 'unknown error'
}
