// One key per thing: whatever GitHub posts about a pull request, an issue, a branch or a repository lands under
// the same key, and a payload that GitHub would not send lands under a wider one instead of throwing.
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeEvent, formatEntity, parseEntity, subjectNumber } from './entity.ts'

interface Example {
  readonly name: string
  readonly examples: readonly Record<string, unknown>[]
}
const official = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Example[]
const payloads = official.flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })))

const repository = { full_name: 'Octo-Org/Hello.World' }
const entityOf = (event: string, fields: Record<string, unknown>) =>
  describeEvent(event, { repository, ...fields }).entity

describe('official payloads', () => {
  test('there are 329 of them, of 58 events', () => {
    expect([payloads.length, official.length]).toEqual([329, 58])
  })

  test('each repository comes out in lower case, and none where there is none', () => {
    for (const { name, payload } of payloads) {
      const full = (payload.repository as { full_name?: string } | undefined)?.full_name
      expect(describeEvent(name, payload).repository, name).toBe(full?.toLowerCase() ?? null)
    }
  })

  test('each action is what GitHub says', () => {
    for (const { name, payload } of payloads) {
      expect(describeEvent(name, payload).action, name).toBe(payload.action ?? null)
    }
  })

  test('each key is of the kind that belongs to its event, and can be read back', () => {
    const numbered = /^(pull_request(_review(_comment|_thread)?)?|issues|issue_comment)$/
    const kinds = payloads.map(({ name, payload }) => {
      const { entity, repository } = describeEvent(name, payload)
      if (repository === null) return [name, entity, '-'] as const
      expect(formatEntity(parseEntity(entity)!)).toBe(entity)
      if (numbered.test(name)) return [name, entity, `${repository}#${subjectNumber(entity)}`] as const
      if (['push', 'create', 'delete'].includes(name)) {
        const ref = String(payload.ref).replace(/^refs\/(heads|tags)\//, '')
        return [name, entity, `${repository}@${ref}`] as const
      }
      return [name, entity, repository] as const
    })
    for (const [name, entity, expected] of kinds) expect(entity, name).toBe(expected)
    expect(kinds.filter(([, entity]) => entity.includes('#')).length).toBe(79)
  })

  test('the number is the one of the pull request or issue', () => {
    for (const { name, payload } of payloads) {
      const subject =
        (name.startsWith('pull_request') ? payload.pull_request : undefined) ??
        (name.startsWith('issue') ? payload.issue : undefined)
      expect(subjectNumber(describeEvent(name, payload).entity), name).toBe(
        (subject as { number: number } | undefined)?.number ?? null,
      )
    }
  })
})

describe('keys', () => {
  test.each([
    ['pull_request', { number: 7, pull_request: { number: 7 } }, '#7'],
    ['pull_request', { number: 7 }, '#7'],
    ['pull_request_review', { pull_request: { number: 8 }, review: { id: 1 } }, '#8'],
    ['pull_request_review_comment', { pull_request: { number: 8 }, comment: { id: 1 } }, '#8'],
    ['pull_request_review_thread', { pull_request: { number: 8 }, thread: {} }, '#8'],
    ['issues', { issue: { number: 9 } }, '#9'],
    ['issue_comment', { issue: { number: 9, pull_request: {} }, comment: {} }, '#9'],
    [
      'sub_issues',
      { action: 'sub_issue_added', parent_issue: { number: 1 }, sub_issue: { number: 2 } },
      '#1',
    ],
    [
      'sub_issues',
      { action: 'parent_issue_added', parent_issue: { number: 1 }, sub_issue: { number: 2 } },
      '#2',
    ],
    [
      'issue_dependencies',
      { action: 'blocked_by_added', blocked_issue: { number: 3 }, blocking_issue: { number: 4 } },
      '#3',
    ],
    [
      'issue_dependencies',
      { action: 'blocking_added', blocked_issue: { number: 3 }, blocking_issue: { number: 4 } },
      '#4',
    ],
    ['check_run', { check_run: { pull_requests: [{ number: 5 }] } }, ''],
    ['check_suite', { check_suite: { pull_requests: [{ number: 5 }] } }, ''],
    ['workflow_run', { workflow_run: { pull_requests: [{ number: 5 }] } }, ''],
    ['discussion', { discussion: { number: 6 } }, ''],
    ['milestone', { milestone: { number: 6 } }, ''],
    ['dependabot_alert', { alert: { number: 6 } }, ''],
    ['workflow_dispatch', { ref: 'refs/heads/main' }, ''],
    ['push', { ref: 'refs/heads/Feature/One' }, '@Feature/One'],
    ['push', { ref: 'refs/tags/v1.0#1@2' }, '@v1.0#1@2'],
    ['push', { ref: 'refs/heads/👩‍💻' }, '@👩‍💻'],
    ['create', { ref: 'topic', ref_type: 'branch' }, '@topic'],
    ['delete', { ref: 'v1', ref_type: 'tag' }, '@v1'],
    ['create', { ref: null, ref_type: 'repository' }, ''],
    ['an_event_of_next_year', { number: 3, issue: { number: 3 } }, ''],
  ])('%s %j -> %s', (event, fields, suffix) => {
    expect(entityOf(event, fields)).toBe(`octo-org/hello.world${suffix}`)
  })
})

describe('mangled payloads', () => {
  test.each([['42'], [Number.NaN], [-1], [0], [1.5], [2 ** 60], [Infinity], [null], [[1]], [{}], [true]])(
    'number %j is no number',
    (number) => {
      expect(entityOf('issues', { issue: { number } })).toBe('octo-org/hello.world')
      expect(entityOf('pull_request', { number, pull_request: { number } })).toBe('octo-org/hello.world')
    },
  )

  test.each([[''], ['a b'], ['a\nb'], ['\ud800'], [4], [null], [{}], ['refs/heads/']])(
    'ref %j is no ref',
    (ref) => {
      expect(entityOf('push', { ref })).toBe('octo-org/hello.world')
    },
  )

  test.each([
    [''],
    ['octocat'],
    ['a/b/c'],
    ['../x'],
    ['x/..'],
    ['./x'],
    ['a b/c'],
    ['a/b#1'],
    ['a/b@c'],
    ['ü/b'],
    ['\u212A/b'],
    ['a/b\n'],
    [7],
    [null],
    [['a/b']],
    [{}],
  ])('repository %j is no repository', (full_name) => {
    expect(describeEvent('issues', { repository: { full_name }, issue: { number: 1 } })).toMatchObject({
      repository: null,
      entity: '-',
    })
  })

  test.each([[7], [null], [''], ['a\u0000b'], ['\udc00'], [['opened']], [{}]])(
    'action %j is no action',
    (action) => {
      expect(describeEvent('issues', { action }).action).toBeNull()
    },
  )

  test('text of a megabyte is no name, no ref, no action and no key', () => {
    const huge = 'x'.repeat(1 << 20)
    expect(describeEvent('push', { action: huge, ref: huge, repository })).toEqual({
      action: null,
      repository: 'octo-org/hello.world',
      entity: 'octo-org/hello.world',
    })
    expect(describeEvent('push', { repository: { full_name: `a/${huge}` } }).entity).toBe('-')
    expect(parseEntity(`a/${huge}`)).toBeNull()
    expect(parseEntity(`a/b@${huge}`)).toBeNull()
  })

  test('nothing makes it throw, and every key it writes can be read back', () => {
    const value = fc.anything({ withNullPrototype: true, withBigInt: true })
    const event = fc.oneof(
      fc.string(),
      fc.constantFrom(...official.map((example) => example.name), 'sub_issues'),
    )
    fc.assert(
      fc.property(event, value, value, value, value, (name, payload, subject, ref, full_name) => {
        const fields = { action: ref, number: ref, issue: subject, pull_request: { number: subject }, ref }
        for (const candidate of [
          payload,
          { ...fields, repository: full_name },
          { ...fields, repository: { full_name } },
          { ...fields, repository },
        ]) {
          const { entity } = describeEvent(name, candidate)
          expect(entity === '-' || formatEntity(parseEntity(entity)!) === entity).toBe(true)
        }
      }),
    )
  })

  test('a payload nested a hundred thousand deep is read like any other', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const payload: unknown = JSON.parse(`{"repository":{"full_name":"a/b"},"issue":{"number":1,"x":${deep}}}`)
    expect(describeEvent('issues', payload).entity).toBe('a/b#1')
  })
})

describe('parseEntity', () => {
  test.each([
    ['Octocat/Hello-World#42', { repository: 'octocat/hello-world', number: 42 }],
    ['octocat/hello-world', { repository: 'octocat/hello-world' }],
    ['octocat/Hello-World@Feature/X#1', { repository: 'octocat/hello-world', ref: 'Feature/X#1' }],
    ['a/b@refs/heads/main', { repository: 'a/b', ref: 'main' }],
    ['a/b@c@d', { repository: 'a/b', ref: 'c@d' }],
  ])('reads %s', (text, parts) => {
    expect(parseEntity(text)).toEqual(parts)
  })

  test.each([
    ['-'],
    [''],
    ['a'],
    ['a/b#'],
    ['a/b#0'],
    ['a/b#-1'],
    ['a/b#1.5'],
    ['a/b#1x'],
    ['a/b#01'],
    ['a/b#9999999999999999'],
    ['a/b@'],
    ['a/b@ '],
    [' a/b'],
    ['a/b '],
    ['a/b/c'],
    ['../b#1'],
    ['a/b\n#1'],
    ['https://github.com/a/b'],
  ])('refuses %j', (text) => {
    expect(parseEntity(text)).toBeNull()
  })

  test('subjectNumber tells the number of a pull request or issue alone', () => {
    expect(['a/b#42', 'a/b', 'a/b@main#42', '-', 'nonsense'].map(subjectNumber)).toEqual([
      42,
      null,
      null,
      null,
      null,
    ])
  })
})
