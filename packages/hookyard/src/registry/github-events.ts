// GitHub's published webhook events with their actions, as @octokit/webhooks takes them from GitHub's description.
import { emitterEventNames } from '@octokit/webhooks'

const actions = new Map<string, string[]>()
for (const name of emitterEventNames) {
  const [event, action] = name.split(/\.(.*)/s)
  const known = actions.get(event ?? '') ?? []
  actions.set(event ?? '', action === undefined ? known : [...known, action])
}

/** An empty list: the event has no action. Null: the action is free text of whoever sends it. */
export const GITHUB_EVENTS: Readonly<Record<string, readonly string[] | null>> = {
  ...Object.fromEntries(actions),
  repository_dispatch: null,
}
