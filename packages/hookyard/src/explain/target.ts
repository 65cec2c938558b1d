// What `why` can be asked about.

export type Target =
  { readonly kind: 'delivery'; readonly guid: string } | { readonly kind: 'entity'; readonly entity: string }

const NUMBERED = /^([\w.-]+\/[\w.-]+)#(\d+)$/
const URL_PATH = /^\/([\w.-]+\/[\w.-]+)(?:\/(?:pull|pulls|issues)\/(\d+))?(?:\/.*)?$/
const GUID = /^[A-Za-z0-9._:-]{1,128}$/

/** A delivery GUID, a GitHub URL, `owner/repo#42`, `owner/repo@ref` or `owner/repo`; null when it is none of them. */
export function parseTarget(text: string): Target | null {
  const wanted = text.trim()
  const numbered = NUMBERED.exec(wanted)
  if (numbered) return { kind: 'entity', entity: `${numbered[1]?.toLowerCase()}#${Number(numbered[2])}` }
  if (/^https?:\/\//.test(wanted)) {
    const match = URL.canParse(wanted) ? URL_PATH.exec(new URL(wanted).pathname) : null
    if (!match?.[1]) return null
    return { kind: 'entity', entity: match[1].toLowerCase() + (match[2] ? `#${Number(match[2])}` : '') }
  }
  const [repository = '', ref] = wanted.split(/@(.*)/s)
  if (/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    return { kind: 'entity', entity: repository.toLowerCase() + (ref === undefined ? '' : `@${ref}`) }
  }
  return GUID.test(wanted) ? { kind: 'delivery', guid: wanted } : null
}
