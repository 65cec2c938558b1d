// A third module is a folder and nothing else: dropped outside the checkout, with its own handler, found by the
// manifest, run in its own process, with the whole of `ctx`.
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { closeInstallations, openInstallation } from './installation.ts'

afterEach(closeInstallations)

const GREETER = `
import { z } from 'zod'
import { defineModule, done } from '@hookyard/sdk'

export default defineModule({
  subject: 'issue',
  events: ['issues.opened'],
  config: z.strictObject({ greeting: z.string().default('Welcome') }),
  async handle({ issue, config, state, recipients }) {
    const visits = (state?.visits ?? 0) + 1
    await issue.comment('greeting', config.greeting + ', @' + issue.author + '!')
    const { applied, missing } = await issue.label(['Question', 'no-such-label'])
    return done('greeted ' + issue.author, { details: { applied, missing, recipients }, state: { visits } })
  },
})
`

test('a dropped folder comments, labels, keeps state and tells', async () => {
  const at = await openInstallation({
    modules: {
      greeter: {
        manifest: {
          subject: 'issue',
          may: ['comment', 'label'],
          triggers: [{ webhook: 'issues', actions: ['opened'] }],
        },
        handler: GREETER,
      },
    },
    config: { modules: { greeter: { config: { greeting: 'Hello' } } } },
  })
  const payload = officialPayload('issues', 'opened')
  at.github.seedFromPayload(payload)
  at.github.createLabel('codertocat/hello-world', 'question')
  const { guid } = await at.post('issues', payload)
  const decision = (await at.decisions(guid)).find(({ module }) => module === 'greeter')
  const run = await at.ended(String(decision?.run_id))

  expect(run).toMatchObject({
    status: 'done',
    result: {
      summary: 'greeted Codertocat',
      details: { applied: ['question'], missing: ['no-such-label'], recipients: ['alice'] },
    },
  })
  const [comment] = at.github.comments('codertocat/hello-world', 1)
  expect(comment?.body).toMatch(/^Hello, @Codertocat!/)
  const [message] = await at.messagesSent(1)
  expect(message?.text).toBe(
    'greeted Codertocat\n#1 Spelling error in the README file\nhttps://github.com/Codertocat/Hello-World/issues/1',
  )
  expect(at.github.violations).toEqual([])
  expect(at.telegram.violations).toEqual([])

  const again = await at.api('/api/modules/greeter/invoke', { json: { entity: 'Codertocat/Hello-World#1' } })
  await at.ended(String(again.body['run_id']))
  expect(at.github.comments('codertocat/hello-world', 1)).toHaveLength(1)
})
