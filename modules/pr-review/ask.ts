// The questions to the agent, one for each part of the diff, and what came of all of them together.
import { reasonOf, type AgentAnswer, type AgentRequest, type ContextOf } from '@hookyard/sdk'
import { composeBoxes } from './budget.ts'
import type { Change } from './change.ts'
import { mergeFindings, readAnswer, type Answer, type Finding } from './findings.ts'
import type { Material } from './gather.ts'
import { reviewRequest } from './prompt.ts'
import type { Settings } from './settings.ts'

export interface Review {
  readonly summaries: readonly string[]
  /** Ranked, each once. */
  readonly findings: readonly Finding[]
  /** Ids of earlier findings that are fixed, as the agent says. */
  readonly fixed: readonly string[]
  readonly unusable: number
  /** What was cut from the questions, in words. */
  readonly cuts: readonly string[]
  /** Paths in the parts that were not asked about, because the budget was spent. */
  readonly unasked: readonly string[]
  readonly backend: string
  readonly model: string | null
  readonly costUsd: number
}

/** Asks about every part, one after the other: what the first costs counts for the second. */
export async function askAgent(
  ctx: ContextOf<'pull_request'>,
  change: Change,
  material: Material,
  settings: Settings,
): Promise<Review> {
  const { parts } = change
  const answers: { answer: AgentAnswer; read: Answer }[] = []
  const cuts = new Set<string>()
  const reviewed = new Map(change.files.map((file) => [file.file, file]))
  let unasked: readonly string[] = []
  for (const [index, part] of parts.entries()) {
    const boxes = composeBoxes(material, change, part, settings)
    const request = reviewRequest(part, { at: index + 1, of: parts.length }, boxes.outside, settings)
    for (const cut of boxes.cuts) cuts.add(cut)
    try {
      const key = `answer ${ctx.pr.head.sha} ${index + 1} of ${parts.length}`
      const answer = await askOnce(ctx, key, request, MAX_KEPT / parts.length)
      answers.push({ answer, read: readAnswer(answer.output, reviewed) })
    } catch (error) {
      // What has been paid for is worth telling; without any answer the run ends by its reason.
      if (reasonOf(error) !== 'budget' || answers.length === 0) throw error
      const asked = new Set(parts.slice(0, index).flatMap(({ files }) => files))
      unasked = change.files.filter((file) => !asked.has(file)).map(({ file }) => file)
      ctx.log.warn('the budget is spent; the rest of the diff is not reviewed', { parts: index })
      break
    }
  }
  const last = answers.at(-1)?.answer
  return {
    summaries: answers.map(({ read }) => read.summary).filter((summary) => summary !== ''),
    findings: mergeFindings(
      answers.map(({ read }) => read),
      change.all,
    ),
    fixed: answers.flatMap(({ read }) => read.fixed),
    unusable: answers.reduce((sum, { read }) => sum + read.unusable, 0),
    cuts: [...cuts],
    unasked,
    backend: last?.backend ?? '',
    model: last?.model ?? null,
    costUsd: answers.reduce((sum, { answer }) => sum + answer.cost_usd, 0),
  }
}

/** Bytes of answers that are kept for one head; a run keeps 1 MiB in all, over its attempts and with its state. */
const MAX_KEPT = 200_000

/**
 * An answer that has been paid for is kept: when GitHub fails after it, the next attempt does not ask again. One of more
 * than `most` bytes is not.
 */
async function askOnce(
  ctx: ContextOf<'pull_request'>,
  key: string,
  request: AgentRequest,
  most: number,
): Promise<AgentAnswer> {
  const given: AgentAnswer[] = []
  const ask = async () => {
    const answer = await ctx.agent.run(request)
    given.push(answer)
    return new TextEncoder().encode(JSON.stringify(answer)).length > most ? null : answer
  }
  try {
    return (await ctx.once(key, ask)) ?? given[0] ?? (await ctx.agent.run(request))
  } catch (error) {
    // It is there, though it could not be kept.
    if (given[0] !== undefined) return given[0]
    // Killed while the agent thought: nobody has the answer.
    if (reasonOf(error) !== 'once_interrupted') throw error
    return ctx.agent.run(request)
  }
}
