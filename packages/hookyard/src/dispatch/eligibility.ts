// Why a module does not take a delivery, or not for a user. Pure: of a pull request's files GitHub was asked before.
import { hasFeature } from '../access/has-feature.ts'
import type { User } from '../config/config.ts'
import { subjectNumber } from '../entity/entity.ts'
import { failedFilter, isAboutPullRequest } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import type { DeliveryToDecide, Facts, Question } from './decision-context.ts'
import { audienceOf } from './who-hears.ts'

/** What stands against a run of this module for this user, authority aside; null: nothing. `unwanted`: for everybody. */
export function notEligible(module: Module, user: User, unwanted: string | null): string | null {
  if (!module.enabled) return 'module_disabled'
  return hasFeature(user, module.manifest.featureFlag) ? unwanted : 'feature_disabled'
}

/** What the payload itself says against a run of the module, for whomever; null: nothing. */
export function unwantedBy({ manifest: { subject, when } }: Module, delivery: DeliveryToDecide) {
  const { entity, repository, event, payload } = delivery
  const fits =
    subject === 'none' || (subject === 'repository' ? repository !== null : subjectNumber(entity) !== null)
  if (!fits) return 'no_subject'
  const filter = failedFilter(when, event, payload)
  return filter && `filtered:${filter}`
}

const wantsPaths = ({ manifest: { when } }: Module, { payload }: DeliveryToDecide): boolean =>
  when.paths.length > 0 && isAboutPullRequest(payload)

/** What a pull request's files say: why no run starts, or what is still open about one that does. */
export function pathsOf(
  module: Module,
  delivery: DeliveryToDecide,
  facts: Facts | undefined,
): { readonly against: string | null; readonly open: string | null } {
  const { name, manifest } = module
  if (!wantsPaths(module, delivery)) return { against: null, open: null }
  if (facts?.outside) return { against: facts.outside.includes(name) ? 'filtered:paths' : null, open: null }
  if (facts?.author === 'assumed') return { against: null, open: 'assumed_paths' }
  // A run about the pull request asks again when it starts; any other one could not.
  return manifest.subject === 'pull_request'
    ? { against: null, open: 'paths_unknown' }
    : { against: 'paths_unknown', open: null }
}

/** Modules that would be started if their `paths` hold, where only GitHub can tell the paths. */
export function waitingForPaths(question: Question): readonly Module[] {
  const { delivery, registry, access } = question
  const bindings = registry.bindingsFor(delivery.event, delivery.action)
  const modules = bindings.map(({ module }) => module).filter((module) => wantsPaths(module, delivery))
  const audience = modules.length === 0 ? [] : audienceOf(question)
  return modules.filter((module) => {
    const unwanted = unwantedBy(module, delivery)
    return audience.some(
      (user) => notEligible(module, user, unwanted) === null && access.mayAct(user, delivery.repository),
    )
  })
}
