// The three writes of a triage, each of which may be refused without taking the others, or the message, along. What may
// pass (GitHub is down, a limit is reached) is thrown: the run is tried again, and every write is safe to repeat.
import { isPermanent, reasonOf, type Label, type ContextOf, type Receipt } from '@hookyard/sdk'

export interface Applied {
  /** By the repository's own spelling. */
  readonly labels: readonly string[]
  /** Wanted, but the repository does not have them; labels are never created. */
  readonly missingLabels: readonly string[]
  /** The project that the issue was added to. */
  readonly project: string | null
  /** Wanted, but not allowed or not there. */
  readonly skippedProject: string | null
  /** What was refused, in words with GitHub's own. */
  readonly refused: readonly string[]
}

/** Adds labels and project. */
export async function apply(
  ctx: ContextOf<'issue'>,
  wanted: { readonly labels: readonly string[]; readonly project: string | null },
  offered: readonly Label[],
  allowedProjects: readonly string[],
): Promise<Applied> {
  const refused: string[] = []
  const labels = await orRefused(ctx, 'labels', refused, () => applyLabels(ctx, wanted.labels, offered))
  const title = allowedProjects.find((allowed) => allowed.toLowerCase() === wanted.project?.toLowerCase())
  const added =
    title === undefined ? null : await orRefused(ctx, 'project', refused, () => ctx.issue.project(title))
  const project = added?.added ? added.title : null
  return {
    labels: labels?.applied ?? [],
    missingLabels: labels?.missing ?? [],
    project,
    skippedProject: project === null ? wanted.project : null,
    refused,
  }
}

/** Adds those of `wanted` that the repository has and the issue has not yet. */
async function applyLabels(ctx: ContextOf<'issue'>, wanted: readonly string[], offered: readonly Label[]) {
  const present = new Set(ctx.issue.labels.map((label) => label.name.toLowerCase()))
  const spelling = new Map(offered.map((label) => [label.name.toLowerCase(), label.name]))
  const absent = wanted.filter((name) => !present.has(name.toLowerCase()))
  // When the labels could not be read, GitHub decides which of them there are.
  const unknown = offered.length === 0 ? [] : absent.filter((name) => !spelling.has(name.toLowerCase()))
  const names = absent
    .filter((name) => !unknown.includes(name))
    .map((name) => spelling.get(name.toLowerCase()) ?? name)
  if (names.length === 0) return { applied: [], missing: unknown }
  const { applied, missing } = await ctx.issue.label([...new Set(names)])
  return { applied, missing: [...unknown, ...missing] }
}

/** The comment's receipt, or null when GitHub refused it; the sentence goes into `refused`. */
export const postComment = (
  ctx: ContextOf<'issue'>,
  text: string,
  refused: string[],
): Promise<Receipt | null> => orRefused(ctx, 'comment', refused, () => ctx.issue.comment('triage', text))

async function orRefused<T>(
  ctx: ContextOf<'issue'>,
  what: string,
  refused: string[],
  write: () => Promise<T>,
): Promise<T | null> {
  try {
    return await write()
  } catch (error) {
    if (ctx.signal.aborted || !isPermanent(error)) throw error
    const reason = reasonOf(error) ?? 'refused'
    refused.push(`${what} (${reason}): ${(error as Error).message.replace(/\s+/g, ' ').slice(0, 300)}`)
    ctx.log.error(`GitHub refused the ${what}`, { error: String(error) })
    return null
  }
}
