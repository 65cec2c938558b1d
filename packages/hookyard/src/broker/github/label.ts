import { z } from 'zod'
import type { LabelReceipt } from '@hookyard/sdk/host'
import type { Call } from './call.ts'
import { fingerprintOf, freshPullRequest } from './effects.ts'
import { listLabels } from './reads.ts'
import { toLabel } from './subject.ts'

const namesShape = z.array(z.string().min(1).max(200)).max(100)

/**
 * `label(names)`: adds those that the repository has, in its spelling; never makes a label, never takes one off.
 * `applied` are the ones that this run added, also when an earlier attempt of it did; a label that somebody took off
 * since then stays off.
 */
export async function writeLabels(call: Call): Promise<LabelReceipt> {
  const { deps, scope, octokit, where } = call
  const number = call.number(['pull_request', 'issue'], 'label')
  const names = call.arg(0, 'names', namesShape)
  const keyOf = (name: string) => call.marked(number, 'label', name.toLowerCase())
  return deps.serial(`label ${keyOf('').entity}`, async () => {
    const { found, missing } = await sorted(call, names)
    const before = await Promise.all(found.map((name) => deps.effects.find(keyOf(name))))
    const byThisRun = new Set(found.filter((_, i) => before[i]?.runId === scope.runId))
    const open = found.filter((name, i) => !byThisRun.has(name) || before[i]?.status !== 'done')
    const subject = open.length === 0 ? null : await currentSubject(call, number)
    const adding = open.filter((name) => !subject?.labels.has(name.toLowerCase()))
    // An intent of this run without a receipt, and the label is there: the attempt before was cut short after the act.
    const adopted = open.filter((name) => byThisRun.has(name) && !adding.includes(name))
    const at = deps.clock()
    for (const name of adding) await deps.effects.intend(keyOf(name), scope.runId, fingerprintOf(name), at)
    // GitHub makes what it does not have: a label deleted since `sorted` would come back. No request can prevent it.
    if (adding.length > 0)
      await octokit.rest.issues.addLabels({ ...where, issue_number: number, labels: adding })
    const receipt = { id: number, url: subject?.url ?? '' }
    for (const name of [...adding, ...adopted]) await deps.effects.record(keyOf(name), receipt, deps.clock())
    return { applied: found.filter((name) => adding.includes(name) || byThisRun.has(name)), missing }
  })
}

/** The names in the repository's spelling, each once, and those that it lacks. */
async function sorted({ deps, scope }: Call, names: readonly string[]) {
  const has = new Map((await listLabels(deps.github, scope)).map(({ name }) => [name.toLowerCase(), name]))
  const wanted = [...new Map(names.map((name) => [name.trim().toLowerCase(), name.trim()])).entries()]
  return {
    found: wanted.flatMap(([lower]) => has.get(lower) ?? []),
    missing: wanted.filter(([lower]) => !has.has(lower)).map(([, name]) => name),
  }
}

/** Its labels (lower case) and address now. @throws SupersededError as before every write on a pull request. */
async function currentSubject({ deps, scope, octokit, where }: Call, number: number) {
  const raw =
    scope.subject?.kind === 'pull_request'
      ? await freshPullRequest(deps, scope, number)
      : (await octokit.rest.issues.get({ ...where, issue_number: number })).data
  return { labels: new Set(raw.labels.map((label) => toLabel(label).name.toLowerCase())), url: raw.html_url }
}
