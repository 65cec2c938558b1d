// The list knows every event and action that GitHub publishes examples of.
import examples from '@octokit/webhooks-examples' with { type: 'json' }
import { expect, test } from 'vitest'
import { GITHUB_EVENTS } from './github-events.ts'

const published = examples as unknown as readonly { name: string; examples: readonly { action?: string }[] }[]

test('every event of the published examples is known, with its actions', () => {
  expect(published.length).toBeGreaterThan(50)
  const unknown = published.flatMap(({ name, examples: payloads }) => {
    const actions = GITHUB_EVENTS[name]
    if (actions === undefined) return [name]
    return payloads.flatMap(({ action }) =>
      action && actions && !actions.includes(action) ? [`${name}.${action}`] : [],
    )
  })
  expect(unknown).toEqual([])
})

test.each(['sub_issues', 'issue_dependencies', 'merge_group', 'projects_v2_item'])(
  'newer events are known: %s',
  (event) => {
    expect(GITHUB_EVENTS).toHaveProperty(event)
  },
)
