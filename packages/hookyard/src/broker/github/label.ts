import { z } from 'zod'
import type { LabelReceipt } from '@hookyard/sdk/host'
import { type EffectDeps, fingerprintOf, freshPullRequest } from './effects.ts'
import { readLabels } from './reads.ts'
import { type RunScope, checked, entityOf, ownerAndName, requireGrant, requireNumber } from './scope.ts'
import { toLabel } from './subject.ts'

const namesShape = z.array(z.string().min(1).max(200)).max(100)

/**
 * `label(names)`: adds those that the repository has, in its spelling; never makes a label, never takes one off.
 * `applied` are the ones that this run added, also when an earlier attempt of it did; a label that somebody took off
 * since then stays off.
 */
export async function writeLabels(
  deps: EffectDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<LabelReceipt> {
  requireGrant(scope, 'label')
  const number = requireNumber(scope, 'label()', ['pull_request', 'issue'])
  const names = checked(namesShape, args[0], 'label(names)')
  return deps.serial(`label ${entityOf(scope, number)}`, async () => {
    const { found, missing } = await sorted(deps, scope, names)
    const before = await Promise.all(found.map((name) => deps.effects.find(effectKey(scope, number, name))))
    const byThisRun = new Set(found.filter((_, i) => before[i]?.runId === scope.runId))
    const finished = new Set(found.filter((name, i) => byThisRun.has(name) && before[i]?.status === 'done'))
    const open = found.filter((name) => !finished.has(name))
    const subject = open.length === 0 ? null : await currentSubject(deps, scope, number)
    const adding = open.filter((name) => !subject?.labels.has(name.toLowerCase()))
    // An intent of this run without a receipt, and the label is there: the attempt before was cut short after the act.
    const adopted = open.filter((name) => byThisRun.has(name) && !adding.includes(name))
    const at = deps.clock()
    for (const name of adding) {
      await deps.effects.intend(effectKey(scope, number, name), scope.runId, fingerprintOf(name), at)
    }
    if (adding.length > 0) {
      // GitHub makes what it does not have: a label deleted since `sorted` would come back. No request can prevent it.
      await deps.github
        .octokit(scope.repository, scope.signal)
        .rest.issues.addLabels({ ...ownerAndName(scope.repository), issue_number: number, labels: adding })
    }
    for (const name of [...adding, ...adopted]) {
      const receipt = { id: number, url: subject?.url ?? '' }
      await deps.effects.record(effectKey(scope, number, name), receipt, deps.clock())
    }
    return { applied: found.filter((name) => adding.includes(name) || byThisRun.has(name)), missing }
  })
}

/** The names in the repository's spelling, each once, and those that it lacks. */
async function sorted(deps: EffectDeps, scope: RunScope, names: readonly string[]) {
  const has = new Map((await readLabels(deps, scope)).map(({ name }) => [name.toLowerCase(), name]))
  const wanted = [...new Map(names.map((name) => [name.trim().toLowerCase(), name.trim()])).entries()]
  return {
    found: wanted.flatMap(([lower]) => has.get(lower) ?? []),
    missing: wanted.filter(([lower]) => !has.has(lower)).map(([, name]) => name),
  }
}

/** Its labels (lower case) and address now. @throws SupersededError as before every write on a pull request. */
async function currentSubject(deps: EffectDeps, scope: RunScope, number: number) {
  const octokit = deps.github.octokit(scope.repository, scope.signal)
  const raw =
    scope.subject?.kind === 'pull_request'
      ? await freshPullRequest(deps, scope, number)
      : (await octokit.rest.issues.get({ ...ownerAndName(scope.repository), issue_number: number })).data
  return { labels: new Set(raw.labels.map((label) => toLabel(label).name.toLowerCase())), url: raw.html_url }
}

const effectKey = (scope: RunScope, number: number, name: string) => ({
  module: scope.module,
  entity: entityOf(scope, number),
  kind: 'label',
  key: name.toLowerCase(),
})
