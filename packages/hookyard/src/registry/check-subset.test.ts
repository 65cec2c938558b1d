// What the manifest asks for must be what the handler says it can do.
import { expect, test } from 'vitest'
import { brief } from '../../testing/config/read.ts'
import { checkSubset } from './check-subset.ts'
import { parseSample } from '../../testing/registry/folders.ts'
import { manifestOf, webhook } from '../../testing/registry/manifests.ts'

const asks = (actions: readonly string[] | null) =>
  manifestOf('m', { subject: 'pull_request', triggers: [webhook('pull_request', actions)] })

test.each([
  ['the same actions', ['opened'], ['pull_request.opened']],
  ['fewer than the handler can', ['opened'], ['pull_request.opened', 'pull_request.closed']],
  ['some of any action', ['opened', 'closed'], ['pull_request']],
  ['any of any action', null, ['pull_request']],
  ['a handler that does not say', null, undefined],
])('fits: %s', (_name, actions, events) => {
  expect(checkSubset(asks(actions), events, 'pull_request')).toEqual([])
  expect(checkSubset(asks(actions), events, undefined)).toEqual([])
})

test.each([
  [
    'one action more',
    ['opened', 'closed'],
    ['pull_request.opened'],
    'triggers[0].actions[1]',
    'pull_request.closed',
  ],
  [
    'any action of a handler of one',
    null,
    ['pull_request.opened'],
    'triggers[0].webhook',
    'pull_request (any action)',
  ],
  ['another event', ['opened'], ['issues.opened', 'issues'], 'triggers[0].actions[0]', 'pull_request.opened'],
  ['a handler of no events', ['opened'], [], 'triggers[0].actions[0]', 'pull_request.opened'],
])('does not fit: %s', (_name, actions, events, key, found) => {
  expect(checkSubset(asks(actions), events, undefined)).toEqual([
    expect.objectContaining({ key, found, file: '/modules/m/module.yaml' }),
  ])
})

test('another subject does not fit', () => {
  expect(checkSubset(asks(null), undefined, 'issue')).toEqual([
    expect.objectContaining({ key: 'subject', found: 'pull_request' }),
  ])
})

test('commands and schedules ask for no event', () => {
  const manifest = manifestOf('m', {
    triggers: [
      { type: 'command', command: 'x' },
      { type: 'schedule', cron: '@daily', timezone: null },
    ],
  })
  expect(checkSubset(manifest, [], 'none')).toEqual([])
})

test('with the source of the manifest the line is told', () => {
  const { manifest, source } = parseSample(
    'name: sample\nsubject: issue\ntriggers:\n  - webhook: issues\n    actions:\n      - opened\n',
  )
  if (!manifest) throw new Error('the sample is bad')
  expect(checkSubset(manifest, [], 'none', source).map(brief)).toEqual([
    '2:1 subject: issue',
    '6:9 triggers[0].actions[0]: issues.opened',
  ])
})
