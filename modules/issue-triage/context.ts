// What a triage is based on: the issue, the labels that there are, and issues that sound alike. Only the issue must
// be there.
import {
  findHosts,
  type Issue,
  type KnownNames,
  type Label,
  type ModuleContext,
  type SearchHit,
} from '@hookyard/sdk'

const MAX_QUERY_CHARS = 128
const MAX_RELATED = 10
const MAX_BODY_CHARS = 20_000
const MAX_LABELS = 200

export interface TriageContext {
  readonly issue: Issue
  /** The repository's labels; empty when they could not be read. */
  readonly labels: readonly Label[]
  readonly related: readonly SearchHit[]
  /** Outside text by name, empty ones left out. */
  readonly outside: Readonly<Record<string, string>>
  /** Whom and where the published text may point to. */
  readonly known: KnownNames
}

/** Reads labels and related issues; a read that fails leaves its part empty. */
export async function gatherContext(ctx: ModuleContext): Promise<TriageContext> {
  const { issue } = ctx
  const [labels, related] = await Promise.all([
    orNone(ctx, 'labels', () => ctx.repo.labels()),
    orNone(ctx, 'related issues', () => findRelated(ctx)),
  ])
  const outside = withoutEmpty({
    title: issue.title,
    body: (issue.body ?? '').slice(0, MAX_BODY_CHARS),
    author: issue.author,
    'labels on the issue': issue.labels.map((label) => label.name).join('\n'),
    'labels of the repository': labels.slice(0, MAX_LABELS).map(tellLabel).join('\n'),
    'related issues': related.map(tellHit).join('\n'),
  })
  const people = [issue.author, ...issue.assignees.map((account) => account.login)]
  const knownHosts = findHosts([...Object.values(outside), issue.html_url])
  return { issue, labels, related, outside, known: { knownLogins: people, knownHosts } }
}

/** The title as words for GitHub's search; what remains of its syntax is taken out with the punctuation. */
export function searchQuery(title: string): string {
  return title
    .replace(/[^\p{L}\p{M}\p{N}_\s-]/gu, ' ')
    .replace(/(?<!\S)-+/g, '') // `-word` would exclude the word
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_QUERY_CHARS)
    .trim()
}

async function findRelated({ issue, repo }: ModuleContext): Promise<readonly SearchHit[]> {
  const words = searchQuery(issue.title)
  if (words === '') return []
  const hits = await repo.search(`${words} is:issue`, { limit: MAX_RELATED })
  return hits.filter((hit) => hit.number !== issue.number)
}

async function orNone<T>(
  ctx: ModuleContext,
  what: string,
  read: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  try {
    return await read()
  } catch (error) {
    if (ctx.signal.aborted) throw error
    ctx.log.warn(`could not read the ${what}; going on without`, { error: String(error) })
    return []
  }
}

const tellLabel = ({ name, description }: Label): string => (description ? `${name}: ${description}` : name)

const tellHit = (hit: SearchHit): string =>
  `#${hit.number} (${hit.state}) ${hit.title}${hit.labels.length > 0 ? ` [${hit.labels.join(', ')}]` : ''}`

const withoutEmpty = (texts: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim() !== ''))
