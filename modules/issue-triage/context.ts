// What a triage is based on: the issue and what was said since, the labels that there are, and issues that sound alike.
// Only the issue must be there.
import { type Comment, type Issue, type Label, type ContextOf, type SearchHit } from '@hookyard/sdk'

const MAX_QUERY_CHARS = 128
const MAX_RELATED = 10
const MAX_BODY_CHARS = 20_000
const MAX_THREAD_CHARS = 20_000
const MAX_LABELS = 200

export interface TriageContext {
  readonly issue: Issue
  /** The repository's labels; empty when they could not be read. */
  readonly labels: readonly Label[]
  readonly related: readonly SearchHit[]
  /** Outside text by name, empty ones left out. */
  readonly outside: Readonly<Record<string, string>>
  /** What could not be read, in words. */
  readonly unread: readonly string[]
}

/** Reads all of it; a read that fails leaves its part empty, and is named. */
export async function gatherContext(ctx: ContextOf<'issue'>): Promise<TriageContext> {
  const { issue } = ctx
  const unread: string[] = []
  const orNone = async <T>(what: string, read: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await read()
    } catch (error) {
      if (ctx.signal.aborted) throw error
      unread.push(what)
      ctx.log.warn(`could not read the ${what}; going on without`, { error: String(error) })
      return []
    }
  }
  const [labels, related, comments] = await Promise.all([
    orNone('labels', () => ctx.repo.labels()),
    orNone('related issues', () => findRelated(ctx)),
    orNone('comments', () => issue.comments()),
  ])
  const others = comments.filter(({ own }) => !own)
  const outside = withoutEmpty({
    title: issue.title,
    body: (issue.body ?? '').slice(0, MAX_BODY_CHARS),
    author: issue.author,
    comments: tellNewest(others),
    'labels on the issue': issue.labels.map((label) => label.name).join('\n'),
    'labels of the repository': labels.slice(0, MAX_LABELS).map(tellLabel).join('\n'),
    'related issues': related.map(tellHit).join('\n'),
    'what could not be read': unread.join('\n'),
  })
  return { issue, labels, related, outside, unread }
}

/** The title as words for GitHub's search; what remains of its syntax is taken out with the punctuation. */
export function searchQuery(title: string): string {
  return title
    .replace(/[^\p{L}\p{M}\p{N}_\s-]/gu, ' ')
    .replace(/(?<!\S)-+/g, '') // `-word` would exclude the word
    .replace(/\b(?:AND|OR|NOT)\b/g, (word) => word.toLowerCase()) // operators in capitals alone
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_QUERY_CHARS)
    .trim()
}

/** GitHub finds what has every word; when nothing has, what has the two longest, which say the most. */
async function findRelated({ issue, repo }: ContextOf<'issue'>): Promise<readonly SearchHit[]> {
  const words = searchQuery(issue.title)
  if (words === '') return []
  const search = async (query: string) =>
    (await repo.search(`${query} is:issue`, { limit: MAX_RELATED })).filter(
      ({ number }) => number !== issue.number,
    )
  const found = await search(words)
  const longest = words
    .split(' ')
    .toSorted((a, b) => b.length - a.length)
    .slice(0, 2)
  return found.length > 0 || words.split(' ').length <= 2 ? found : search(longest.join(' '))
}

/** The newest comments that fit, oldest first. */
function tellNewest(comments: readonly Comment[]): string {
  let room = MAX_THREAD_CHARS
  const kept: string[] = []
  for (const { created_at, author, body } of comments.toReversed()) {
    const text = `[${created_at}] ${author}:\n${body}`
    if (text.length + 2 > room) {
      kept.push('[earlier comments left out]')
      break
    }
    room -= text.length + 2
    kept.push(text)
  }
  return kept.reverse().join('\n\n')
}

const tellLabel = ({ name, description }: Label): string => (description ? `${name}: ${description}` : name)

const tellHit = (hit: SearchHit): string =>
  `#${hit.number} (${hit.state}) ${hit.title}${hit.labels.length > 0 ? ` [${hit.labels.join(', ')}]` : ''}`

const withoutEmpty = (texts: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim() !== ''))
