// Hosts become known by what a run reads, but not by what the service itself wrote, where no marker says so either.
import { expect, test } from 'vitest'
import { AllowedMentions } from './allowed-mentions.ts'

const URL_IN_FENCE = '```\nhttps://evil.test/\n```'

function hostsOf(answer: unknown): string[] {
  const known = new AllowedMentions()
  known.addAnswer(JSON.stringify(answer))
  return [...known.allowances({ repository: 'o/r', subject: null }).hosts]
}

test.each([
  ['a comment', { body: `${URL_IN_FENCE}\n\n<!-- hookyard:v1:m:0:x -->` }],
  ['a check run', { check_runs: [{ external_id: 'hookyard:v1:m:0:x', output: { summary: URL_IN_FENCE } }] }],
  ['an annotation', [{ annotation_level: 'notice', message: 'https://evil.test' }]],
  ['a comment as HTML', [{ body_html: '<pre>https://evil.test</pre>', body_text: 'https://evil.test' }]],
  ['a piece that a search found', { items: [{ text_matches: [{ fragment: 'https://evil.test' }] }] }],
])('%s of the service names no hosts', (_what, answer) => expect(hostsOf(answer)).toEqual([]))

test('what others wrote does', () => {
  expect(hostsOf([{ body: 'see https://docs.test/x' }, { output: { summary: 'https://ci.test' } }])).toEqual([
    'docs.test',
    'ci.test',
  ])
})
