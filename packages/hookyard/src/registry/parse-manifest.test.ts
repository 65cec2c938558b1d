// What a manifest means: the contract's page is taken as it stands, and every default is filled in.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NO_NEEDS } from '../config/needs.ts'
import { brief } from '../../testing/config/read.ts'
import { parseSample, sampleDir } from '../../testing/registry/folders.ts'

function good(text: string) {
  const { manifest, problems } = parseSample(text)
  if (manifest === null) throw new Error(problems.map(brief).join('\n'))
  return manifest
}

const EVERYTHING = `
name: sample
description: Reviews pull requests
handler: ./handler.ts            # default ./handler.ts, else ./handler.js
subject: pull_request            # what a run is about
feature_flag: pr_review
triggers:
  - webhook: pull_request
    actions: [opened, reopened, ready_for_review]    # omitted: any action
    cooldown: 5m                 # per (module, entity), default 0
    on_cooldown: trailing        # skip (default) | trailing
  - webhook: pull_request
    actions: [synchronize]
    debounce: 30s
    max_wait: 5m
    cooldown: 5m
    on_cooldown: trailing
  - command: review
  - schedule: "0 9 * * 1-5"
    timezone: Europe/Berlin
when: { draft: false, ignore_bots: true, branches: [], labels: [], authors: [], paths: [] }
cancel_on: [closed]
may: [comment, review, label, check, project]
needs: { network: [api.example.com], read: [/srv/data], write: [], run: [git] }
concurrency: queue
timeout: 10m
retries: { max: 3, backoff: 10s }
invoke: true
input: { type: object, properties: { depth: { type: integer } } }
config: { type: object, properties: { max_findings: { type: integer, default: 10 } } }
`

test("the contract's manifest with every key", () => {
  expect(good(EVERYTHING)).toEqual({
    name: 'sample',
    description: 'Reviews pull requests',
    dir: sampleDir,
    handler: join(sampleDir, 'handler.ts'),
    subject: 'pull_request',
    featureFlag: 'pr_review',
    triggers: [
      {
        type: 'webhook',
        event: 'pull_request',
        actions: ['opened', 'reopened', 'ready_for_review'],
        cooldownMs: 300_000,
        onCooldown: 'trailing',
        debounceMs: 0,
        maxWaitMs: 0,
      },
      {
        type: 'webhook',
        event: 'pull_request',
        actions: ['synchronize'],
        cooldownMs: 300_000,
        onCooldown: 'trailing',
        debounceMs: 30_000,
        maxWaitMs: 300_000,
      },
      { type: 'command', command: 'review' },
      { type: 'schedule', cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' },
    ],
    when: { draft: false, ignoreBots: true, branches: [], labels: [], authors: [], paths: [] },
    cancelOn: ['closed'],
    may: ['comment', 'review', 'label', 'check', 'project'],
    needs: { network: ['api.example.com'], read: ['/srv/data'], write: [], run: ['git'] },
    concurrency: 'queue',
    timeoutMs: 600_000,
    retries: { max: 3, backoffMs: 10_000 },
    invoke: true,
    input: { type: 'object', properties: { depth: { type: 'integer' } } },
    config: { type: 'object', properties: { max_findings: { type: 'integer', default: 10 } } },
  })
})

test('two keys are a manifest', () => {
  expect(good('name: sample\nsubject: none')).toMatchObject({
    description: '',
    handler: join(sampleDir, 'handler.ts'),
    featureFlag: null,
    triggers: [],
    when: { draft: null, ignoreBots: true, branches: [], labels: [], authors: [], paths: [] },
    cancelOn: [],
    may: [],
    needs: NO_NEEDS,
    concurrency: 'queue',
    timeoutMs: 600_000,
    retries: { max: 3, backoffMs: 10_000 },
    invoke: true,
    input: null,
    config: null,
  })
})

const triggered = (trigger: string) =>
  good(`name: sample\nsubject: none\ntriggers:\n  - ${trigger}`).triggers[0]

test.each([
  [
    'a debounce waits ten times its length at most',
    '{ webhook: push, debounce: 30s }',
    { debounceMs: 30_000, maxWaitMs: 300_000 },
  ],
  [
    'a max_wait of its own',
    '{ webhook: push, debounce: 30, max_wait: 30 }',
    { debounceMs: 30_000, maxWaitMs: 30_000 },
  ],
  ['any action', '{ webhook: issues }', { actions: null, cooldownMs: 0, onCooldown: 'skip' }],
  [
    'an event of GitHub that is new',
    '{ webhook: sub_issues, actions: [sub_issue_added] }',
    { event: 'sub_issues' },
  ],
  ['a schedule without a zone', '{ schedule: " 0 9 * * 1-5 " }', { cron: '0 9 * * 1-5', timezone: null }],
  ['a schedule by name', '{ schedule: "@daily" }', { cron: '@daily' }],
])('%s', (_name, trigger, expected) => {
  expect(triggered(trigger)).toMatchObject(expected)
})

const warned = (text: string) => parseSample(`name: sample\nsubject: none\n${text}`)

test.each([
  [
    'an event that GitHub may have tomorrow',
    'triggers: [{ webhook: quantum_merge }]',
    '3:14 triggers[0].webhook: "quantum_merge"',
    null,
  ],
  [
    'an action that the event has not',
    'triggers: [{ webhook: issues, actions: [opend] }]',
    '3:41 triggers[0].actions[0]: "opend"',
    'write opened',
  ],
  [
    'an action of an event without',
    'triggers: [{ webhook: push, actions: [created] }]',
    '3:39 triggers[0].actions[0]: "created"',
    'remove actions',
  ],
  [
    'a trigger that never has a turn',
    'triggers: [{ webhook: issues }, { webhook: issues, actions: [opened] }]',
    '3:33 triggers[1]: a trigger that an earlier one takes everything from',
    'put the narrower trigger first, or remove this one',
  ],
  [
    'a cancel_on that never comes',
    'triggers: [{ webhook: issues }]\ncancel_on: [clsed]',
    '4:13 cancel_on[0]: "clsed"',
    'write closed',
  ],
])('only looks wrong: %s', (_name, text, warning, hint) => {
  const { manifest, warnings } = warned(text)
  expect(manifest).not.toBeNull()
  expect(warnings.map(brief)).toEqual([warning])
  expect(warnings[0]?.hint).toBe(hint)
})

test('a narrower trigger before a wider one is fine, and so is free text of repository_dispatch', () => {
  expect(warned('triggers: [{ webhook: issues, actions: [opened] }, { webhook: issues }]').warnings).toEqual(
    [],
  )
  expect(warned('triggers: [{ webhook: repository_dispatch, actions: [my-type] }]').warnings).toEqual([])
})

test('a tick has no pull request', () => {
  const { manifest, warnings } = parseSample(
    'name: sample\nsubject: pull_request\ntriggers: [{ schedule: "@daily" }]',
  )
  expect(manifest).not.toBeNull()
  expect(warnings.map(brief)).toEqual(['3:14 triggers[0].schedule: a schedule with subject: pull_request'])
})
