// What is kept of an issue between its triages (ctx.state), read as if a stranger had written it.

export interface Memory {
  /** Of title and body as they were triaged; null before the first triage. */
  readonly text: string | null
  /** Labels that triages have added. */
  readonly labels: readonly string[]
}

/** The state of the last run. */
export function readMemory(state: unknown): Memory {
  const { text, labels } = (typeof state === 'object' && state !== null ? state : {}) as Record<
    string,
    unknown
  >
  return {
    text: typeof text === 'string' ? text : null,
    labels: Array.isArray(labels) ? labels.filter((label) => typeof label === 'string') : [],
  }
}

/** Tells one text from another. */
export async function fingerprint(title: string, body: string | null): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([title, body]))
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes))
    .toString('hex')
    .slice(0, 32)
}
