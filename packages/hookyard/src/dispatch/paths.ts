// `paths` of a pull request: the one filter that needs what GitHub tells. Pure; asked for in ask-facts.ts.
import { isAboutPullRequest } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import { hearersOf } from './hearing.ts'
import { refusal, unwantedBy } from './refusal.ts'
import { concerned } from './relevance.ts'
import type { DeliveryToDecide, Facts, World } from './world.ts'

/** Whether this module wants only some pull requests, by their files. */
export const wantsPaths = ({ manifest: { when } }: Module, { payload }: DeliveryToDecide): boolean =>
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
export function waitingForPaths(
  delivery: DeliveryToDecide,
  world: Pick<World, 'registry' | 'access' | 'facts'>,
): readonly Module[] {
  const { registry, access } = world
  const modules = registry
    .bindingsFor(delivery.event, delivery.action)
    .map(({ module }) => module)
    .filter((module) => wantsPaths(module, delivery))
  if (modules.length === 0) return []
  const audience = concerned(hearersOf(delivery, world), delivery.payload)
  return modules.filter((module) => {
    const unwanted = unwantedBy(module, delivery)
    return audience.some(
      (user) => refusal(module, user, unwanted) === null && access.mayAct(user, delivery.repository),
    )
  })
}
