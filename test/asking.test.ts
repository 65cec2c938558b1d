// A module asks its people and goes on with their answer: over the whole service, with restarts in between.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { readButton } from '../packages/hookyard/src/ask/question.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import {
  type Given,
  type TestInstallation,
  closeInstallations,
  openInstallation,
  until,
} from './installation.ts'

afterEach(closeInstallations)

/** A module that asks on its first attempt, and tells what it got on the next. */
const asking = (pause: string, manifest: Record<string, unknown> = {}): Given => ({
  users: [
    { name: 'alice', role: 'admin', chat_id: 111, repos: ['codertocat/*'] },
    { name: 'bob', chat_id: 222, repos: ['codertocat/*'] },
    { name: 'mallory', chat_id: 333, repos: ['other/*'] },
  ],
  modules: {
    asker: {
      manifest: {
        subject: 'pull_request',
        triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
        ...manifest,
      },
      handler: `
        import { defineModule, done, paused } from '@hookyard/sdk'
        export default defineModule({
          async handle({ trigger, state, journal, pr }) {
            if (trigger.type !== 'resume') {
              journal.record({ looked_at: pr.number })
              return paused('Merge #' + pr.number + '?', ${pause})
            }
            const { answer, by, question, original } = trigger.data
            return done([answer, by, question, original.type, original.data.action, JSON.stringify(state)].join(' | '))
          },
        })
      `,
    },
  },
})

async function ask(at: TestInstallation) {
  const payload = officialPayload('pull_request', 'opened')
  at.github.seedFromPayload(payload)
  const { guid } = await at.post('pull_request', payload)
  const decision = (await at.decisions(guid)).find(({ module }) => module === 'asker')
  const runId = String(decision?.run_id)
  const run = await at.ended(runId)
  expect(run['status']).toBe('paused')
  return { runId, guid }
}

const alice = { name: 'alice', isAdmin: true }
const bob = { name: 'bob', isAdmin: false }
const done = (at: TestInstallation, runId: string) =>
  until(`run ${runId} to be over`, async () => {
    const { body } = await at.api(`/api/runs/${runId}`)
    return !['queued', 'running', 'paused'].includes(String(body['status'])) && body
  })

function journalOf(at: TestInstallation, runId: string): Record<string, unknown> {
  const folder = join(at.dir, 'data', 'modules', 'asker', 'events')
  const file = readdirSync(folder).find((name) => name.includes(runId))
  return JSON.parse(readFileSync(join(folder, String(file)), 'utf8')) as Record<string, unknown>
}

test('a button answers: the same run goes on with the answer, its state and its first cause', async () => {
  const at = await openInstallation(
    asking(`{ options: ['yes', { value: 'no', label: 'Not now' }], state: { step: 1 } }`),
  )
  const { runId } = await ask(at)
  const messages = await at.messagesSent(2)
  expect(messages.map(({ chat_id }) => chat_id).toSorted()).toEqual([111, 222])
  expect(messages[0]?.text).toBe(
    `Merge #2?\nAnswer: yes · Not now (run ${runId})\n#2 Update the README with new information.\nhttps://github.com/Codertocat/Hello-World/pull/2`,
  )
  expect(at.service.moduleProcesses()).toEqual([])
  const keyboard = (
    at.telegram.messages[0]?.reply_markup as { inline_keyboard: { text: string; callback_data: string }[][] }
  ).inline_keyboard
  expect(keyboard.flat().map(({ text }) => text)).toEqual(['yes', 'Not now'])
  const pressed = readButton(keyboard[0]?.[1]?.callback_data ?? '')
  expect(pressed).not.toBeNull()

  await expect(
    at.service.answer({ runId, answer: 'yes', by: { name: 'mallory', isAdmin: false }, via: 'telegram' }),
  ).rejects.toMatchObject({ code: 'not_authorized' })
  await expect(at.service.answer({ runId, answer: 'maybe', by: bob, via: 'api' })).rejects.toMatchObject({
    code: 'invalid_input',
  })
  const { question, option } = pressed!
  await at.service.answer({ runId, question, answer: { option }, by: bob, via: 'telegram' })
  await expect(at.service.answer({ runId, answer: 'yes', by: alice, via: 'api' })).rejects.toMatchObject({
    code: 'wrong_state',
  })

  expect(await done(at, runId)).toMatchObject({
    status: 'done',
    attempt: 2,
    result: { summary: 'no | bob | Merge #2? | webhook | opened | {"step":1}', details: { looked_at: 2 } },
  })
  expect(await at.messagesSent(4)).toHaveLength(4)
  expect(
    await until(
      'the journal',
      () =>
        readdirSync(join(at.dir, 'data', 'modules', 'asker', 'events')).length === 1 && journalOf(at, runId),
    ),
  ).toMatchObject({
    trigger: 'resume:pull_request:opened',
    details: {
      looked_at: 2,
      answers: [{ question: 'Merge #2?', status: 'answered', answer: 'no', by: 'bob', via: 'telegram' }],
    },
  })
  expect(at.telegram.violations).toEqual([])
})

test('an answer given is there after a restart, and so is a question that waits', async () => {
  const at = await openInstallation(asking(`{ state: { step: 1 } }`))
  const { runId } = await ask(at)
  await at.restart()
  expect((await at.api(`/api/runs/${runId}`)).body['status']).toBe('paused')
  await at.service.answer({ runId, answer: 'as you like', by: bob, via: 'cli' })
  await at.restart()
  expect(await done(at, runId)).toMatchObject({
    status: 'done',
    result: { summary: expect.stringMatching(/^as you like \| bob/) },
  })
  expect(at.telegram.messages.filter(({ text }) => text.startsWith('Merge #2?'))).toHaveLength(2)
})

test('when nobody answers the default is taken, also when its time came while the service was down', async () => {
  const at = await openInstallation(asking(`{ options: ['yes', 'no'], default: 'no', expires: '2h' }`))
  const { runId } = await ask(at)
  await at.stop()
  at.advance(2 * 3_600_000)
  await at.restart()
  expect(await done(at, runId)).toMatchObject({
    status: 'done',
    result: { summary: expect.stringMatching(/^no \| {2}\| Merge/) },
  })
  await expect(at.service.answer({ runId, answer: 'yes', by: bob, via: 'api' })).rejects.toThrow(
    /the time for an answer was up at .*: "no" was taken/,
  )
})

test('without a default the run ends as skipped: expired, nobody is told, and the journal has it', async () => {
  const at = await openInstallation(asking(`{ options: ['yes', 'no'], expires: '2h' }`))
  const { runId } = await ask(at)
  at.advance(2 * 3_600_000)
  expect(await done(at, runId)).toMatchObject({ status: 'skipped', reason: 'expired' })
  const folder = join(at.dir, 'data', 'modules', 'asker', 'events')
  await until(
    'the journal',
    () => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.json')),
  )
  expect(journalOf(at, runId)).toMatchObject({
    status: 'skipped',
    reason: 'expired',
    details: { looked_at: 2, answers: [{ status: 'expired', answer: null }] },
  })
  expect(await at.messagesSent(2)).toHaveLength(2)
})

test('cancel_on ends a paused run; its question is answered by nobody any more', async () => {
  const at = await openInstallation(asking(`{}`, { cancel_on: ['closed'] }))
  const { runId } = await ask(at)
  const { guid } = await at.post('pull_request', officialPayload('pull_request', 'closed'))
  await at.decisions(guid)
  expect(await done(at, runId)).toMatchObject({ status: 'cancelled', reason: 'cancel_on:closed' })
  await expect(at.service.answer({ runId, answer: 'yes', by: alice, via: 'api' })).rejects.toThrow(
    'the run was cancelled',
  )
})

test('a paused run keeps no other run of its entity waiting', async () => {
  const at = await openInstallation(asking(`{}`))
  const first = await ask(at)
  const second = await ask(at)
  expect(second.runId).not.toBe(first.runId)
  await at.service.answer({ runId: first.runId, answer: 'one', by: bob, via: 'api' })
  await at.service.answer({ runId: second.runId, answer: 'two', by: bob, via: 'api' })
  expect((await done(at, first.runId))['result']).toMatchObject({ summary: expect.stringMatching(/^one/) })
  expect((await done(at, second.runId))['result']).toMatchObject({ summary: expect.stringMatching(/^two/) })
})
