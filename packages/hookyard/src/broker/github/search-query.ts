// A search that stays inside one repository, whatever the module or the stranger's text in it asks for.

/** Qualifiers that choose where to search, and words that would put ours beside another condition. */
const ELSEWHERE = /(?:^|[^\w])(?:repo|org|user|owner|enterprise|repository|network|fork|in-repo)\s*:/i
const OPERATORS = ['AND', 'OR', 'NOT']

/** The query with `repo:OWNER/NAME` before it, and without qualifiers, operators and brackets that could undo that. */
export function pinQuery(repository: string, query: string): string {
  return [
    `repo:${repository}`,
    ...tokens(query).filter((token) => !ELSEWHERE.test(unquoted(token)) && !OPERATORS.includes(token)),
  ].join(' ')
}

/** Words, quoted phrases, and qualifiers with a quoted value (`label:"good first issue"`). */
function tokens(query: string): string[] {
  const flat = query.replace(/[\p{Cc}\p{Z}()]+/gu, ' ')
  // A quote without its partner would make the rest of the query ours or not ours; so it counts as none.
  const balanced = (flat.split('"').length - 1) % 2 === 0 ? flat : flat.replaceAll('"', ' ')
  return balanced.match(/[-+]*[\w.-]+:"[^"]*"|"[^"]*"|[^\s"]+/g) ?? []
}

/** A quoted text is searched for, whatever is in it. */
const unquoted = (token: string): string => token.replaceAll(/"[^"]*"/g, '""')

/** True when the query says whether issues or pull requests are meant. */
export const namesKind = (query: string): boolean =>
  /(?:^|\s)(?:is|type):(?:issue|pr|pull-request)(?=\s|$)/i.test(query)

/** True when a search hit is of the repository: the last word, should GitHub read a query in another way. */
export function isHitOf(repository: string, hit: unknown): boolean {
  if (typeof hit !== 'object' || hit === null) return false
  const { repository_url: url, repository: whole } = hit as {
    repository_url?: unknown
    repository?: { full_name?: unknown }
  }
  const found = typeof url === 'string' ? url.split('/').slice(-2).join('/') : whole?.full_name
  return typeof found === 'string' && found.toLowerCase() === repository.toLowerCase()
}
