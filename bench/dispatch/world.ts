// An installation in memory of any size in which one delivery always meets the same three modules and the same
// five users, whatever else there is.
import { type Access, createAccess } from '../../packages/hookyard/src/access/access.ts'
import {
  type ModuleRegistry,
  createModuleRegistry,
} from '../../packages/hookyard/src/registry/module-registry.ts'
import type { Manifest } from '../../packages/hookyard/src/registry/manifest.ts'
import { binding, config, module, user } from '../../test/builders.ts'

export interface Size {
  readonly modules: number
  readonly users: number
}

export interface Installation {
  readonly registry: ModuleRegistry
  readonly access: Access
}

export const EVENT = 'pull_request'
export const ACTION = 'synchronize'

const webhook = (of: string, event: string, actions: readonly string[] | null) =>
  binding(module(of), event, { actions }).trigger

/** The three that match: one runs, one has its flag off, one is kept out by its filter. */
function matchingModules(): Manifest[] {
  const triggers = [webhook('any', EVENT, [ACTION])]
  const when = { draft: null, ignoreBots: true, branches: ['release/*'], labels: [], authors: [], paths: [] }
  return [
    module('runs', { triggers }).manifest,
    module('flagged', { triggers, featureFlag: 'flagged' }).manifest,
    module('filtered', { triggers, when }).manifest,
  ]
}

const EVENTS = ['issues', 'push', 'issue_comment', 'release', 'check_run', 'workflow_run', EVENT]
const ACTIONS = ['opened', 'closed', 'reopened', 'labeled', 'created', 'edited', 'assigned']

/** Those that do not: all other events, and the other actions of this one. */
const otherModule = (index: number): Manifest =>
  module(`other-${index}`, {
    triggers: [
      webhook('any', EVENTS[index % EVENTS.length] ?? 'push', [
        ACTIONS[(index >> 3) % ACTIONS.length] ?? 'opened',
      ]),
    ],
    featureFlag: index % 2 === 0 ? `flag_${index % 50}` : null,
  }).manifest

/** @throws RangeError for fewer than three modules or five users. */
export function createInstallation({ modules, users }: Size): Installation {
  if (modules < 3 || users < 5)
    throw new RangeError('an installation here has at least 3 modules and 5 users')
  const others = Array.from({ length: modules - 3 }, (_, index) => otherModule(index))
  const settings = config({
    repos: ['codertocat/*'],
    users: [
      user('admin', { role: 'admin', repos: [] }),
      user('exact-1', { repos: ['codertocat/hello-world'] }),
      user('exact-2', { repos: ['codertocat/hello-world', 'octocat/spoon-knife'] }),
      user('owner', { repos: ['codertocat/*'] }),
      user('quiet', { repos: ['codertocat/*'], hear: 'mine', github: 'somebody-else' }),
      ...Array.from({ length: users - 5 }, (_, index) =>
        user(`user-${index}`, {
          repos: index % 3 === 0 ? [`owner-${index}/*`] : [`owner-${index % 1_000}/repo-${index}`],
        }),
      ),
    ],
  })
  return {
    registry: createModuleRegistry([...others, ...matchingModules()], settings),
    access: createAccess(settings),
  }
}
