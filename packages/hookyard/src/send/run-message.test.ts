// What a run's recipients read: its summary, always with the number of what it was about.
import { expect, test } from 'vitest'
import { toPlainText } from './message.ts'
import { crashNotice, runMessage } from './run-message.ts'
import { toTelegram } from './telegram-html.ts'

const run = { module: 'pr-review', entity: 'octocat/hello-world#42', runId: '01J', tainted: false }
const subject = { number: 42, title: 'Fix <it>', url: 'https://github.com/octocat/Hello-World/pull/42' }
const done = (summary: string) => ({ status: 'done', summary })

test('the summary, the number and title, and the URL', () => {
  const message = runMessage({ ...run, outcome: done('2 findings\non ec26c3e'), subject })
  expect(toPlainText(message)).toBe(`2 findings\non ec26c3e\n#42 Fix <it>\n${subject.url}`)
})

test('a reason stands where there is no summary', () => {
  const message = runMessage({ ...run, outcome: { status: 'failed', reason: 'too large' }, subject })
  expect(toPlainText(message)).toMatch(/^too large\n#42 /)
})

test('without a subject the entity carries the number', () => {
  expect(toPlainText(runMessage({ ...run, outcome: done('ok'), subject: null }))).toBe(
    'ok\noctocat/hello-world#42',
  )
  expect(toPlainText(runMessage({ ...run, entity: '-', outcome: done('ok'), subject: null }))).toBe('ok')
})

test('a blank summary says at least which run it was', () => {
  const message = runMessage({ ...run, outcome: done(' \n'), subject })
  expect(toPlainText(message)).toMatch(/^pr-review ended done \(run 01J\)\n#42 /)
})

test('a summary of any length leaves the number and the URL in the message', () => {
  const text = toTelegram(runMessage({ ...run, outcome: done('&<'.repeat(50_000)), subject }))!
  expect(text.text.endsWith(`...\n#42 Fix <it>\n${subject.url}`)).toBe(true)
  expect(text.html!.length).toBeLessThanOrEqual(4_096)
})

test('a long title is told whole while there is room, and never takes the URL along', () => {
  const titled = (title: string) =>
    toTelegram(runMessage({ ...run, outcome: done('ok'), subject: { ...subject, title } }))!.text
  expect(titled('t'.repeat(400))).toContain(`\n#42 ${'t'.repeat(400)}\n`)
  expect(titled('t'.repeat(6_000))).toMatch(/\n#42 t{1500,}\.\.\.\nhttps:\S+\/pull\/42$/)
})

test('the title is one line, and directions and controls are taken out', () => {
  const hostile = { ...subject, title: 'a\nhttps://evil.example\u202e' }
  const message = runMessage({ ...run, outcome: done('a\u0007\u202eb\r\nc'), subject: hostile })
  expect(toPlainText(message)).toBe(`a b\nc\n#42 a https://evil.example\n${subject.url}`)
})

test('the crash notice is one line', () => {
  const notice = crashNotice('pr-review', 'octocat/hello-world#42', 'boom\n at x.ts:3', '01J')
  expect(toPlainText(notice)).toBe('pr-review failed on octocat/hello-world#42: boom at x.ts:3 (run 01J)')
})
