// The two writes of a triage. Each may fail without taking the other, or the message, along.
import type { Label, ModuleContext, Receipt } from '@hookyard/sdk'

export interface AppliedLabels {
  /** By the repository's own spelling. */
  readonly applied: readonly string[]
  /** Wanted, but the repository does not have them; labels are never created. */
  readonly skipped: readonly string[]
}

/** Adds those of `wanted` that the repository has and the issue has not yet. */
export async function applyLabels(
  ctx: ModuleContext,
  wanted: readonly string[],
  offered: readonly Label[],
): Promise<AppliedLabels> {
  const present = new Set(ctx.issue.labels.map((label) => label.name.toLowerCase()))
  const spelling = new Map(offered.map((label) => [label.name.toLowerCase(), label.name]))
  const missing = wanted.filter((name) => !present.has(name.toLowerCase()))
  // When the labels could not be read, GitHub decides which of them there are.
  const unknown = offered.length === 0 ? [] : missing.filter((name) => !spelling.has(name.toLowerCase()))
  const names = missing
    .filter((name) => !unknown.includes(name))
    .map((name) => spelling.get(name.toLowerCase()) ?? name)
  if (names.length === 0) return { applied: [], skipped: unknown }
  try {
    const receipt = await ctx.issue.label([...new Set(names)])
    return { applied: receipt.applied, skipped: [...unknown, ...receipt.missing] }
  } catch (error) {
    if (ctx.signal.aborted) throw error
    ctx.log.error('could not add the labels', { labels: names, error: String(error) })
    return { applied: [], skipped: unknown }
  }
}

/** The comment's receipt, or null when it could not be written. */
export async function postComment(ctx: ModuleContext, text: string): Promise<Receipt | null> {
  try {
    return await ctx.issue.comment('triage', text)
  } catch (error) {
    if (ctx.signal.aborted) throw error
    ctx.log.error('could not write the comment', { error: String(error) })
    return null
  }
}
