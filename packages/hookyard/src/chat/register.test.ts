// What Telegram is told before it sends anything: tried until it holds, and what it refuses is said.
import { afterEach, expect, test } from 'vitest'
import { until } from '../../../../test/installation.ts'
import { recordingLog } from '../../testing/send/bench.ts'
import { COMMANDS } from './commands/commands.ts'
import { type Registration, type RegistrationOptions, commandList, register } from './register.ts'
import { type ChatBench, openChatBench } from '../../testing/chat/bench.ts'

const registrations: Registration[] = []
afterEach(() => registrations.splice(0).forEach((one) => one.stop()))

function start(bench: ChatBench, more: Partial<RegistrationOptions> = {}): Registration {
  const { bot } = bench
  const log = recordingLog(bench.logged)
  const made = register({
    bot,
    updates: 'polling',
    webhook: null,
    log,
    random: () => -0.99,
    ...more,
  })
  registrations.push(made)
  return made
}

const methods = (bench: ChatBench) => bench.telegram.calls.map(({ method }) => method)
const problems = (bench: ChatBench) => bench.logged.filter((line) => /^(warn|error)/.test(line))

test('for polling a webhook of before is taken away, and the commands are told', async () => {
  const bench = await openChatBench()
  await start(bench).done
  expect(methods(bench)).toEqual(['deleteWebhook', 'setMyCommands'])
  expect(bench.telegram.commands).toEqual(commandList())
  expect(bench.telegram.violations).toEqual([])
})

test('for a webhook its address and secret are told', async () => {
  const bench = await openChatBench()
  const webhook = { url: 'https://hooks.example/webhook/telegram', secret: 'a-Secret_1' }
  await start(bench, { updates: 'webhook', webhook }).done
  expect(bench.telegram.calls[0]).toMatchObject({
    method: 'setWebhook',
    args: { url: webhook.url, secret_token: webhook.secret, allowed_updates: ['message', 'callback_query'] },
  })
  expect(methods(bench)).toEqual(['setWebhook', 'setMyCommands'])
})

test('a webhook that was set by hand is left alone', async () => {
  const bench = await openChatBench()
  await start(bench, { updates: 'webhook' }).done
  expect(methods(bench)).toEqual(['setMyCommands'])
})

test('an address that Telegram refuses is said, and not tried for ever', async () => {
  const bench = await openChatBench()
  const webhook = { url: 'http://hooks.example/webhook/telegram', secret: 'x' }
  await start(bench, { updates: 'webhook', webhook }).done
  expect(problems(bench)).toEqual([
    expect.stringMatching(/^error .*HTTPS URL must be provided.*server\.public_url must be https/),
  ])
  expect(methods(bench)).toEqual(['setWebhook', 'setMyCommands'])
})

test('an outage is waited out, and said once', async () => {
  const bench = await openChatBench()
  bench.telegram.failNext({ method: 'deleteWebhook', status: 502, times: 2 })
  bench.telegram.failNext({ method: 'setMyCommands', dropConnection: true })
  await start(bench).done
  expect(methods(bench)).toEqual([
    ...Array<string>(3).fill('deleteWebhook'),
    'setMyCommands',
    'setMyCommands',
  ])
  expect(problems(bench)).toHaveLength(2)
})

test('updates can be fetched before the commands are told', async () => {
  const bench = await openChatBench()
  bench.telegram.failNext({ method: 'setMyCommands', hang: true })
  const registration = start(bench)
  await registration.ready
  await until('the second call', () => methods(bench).includes('setMyCommands'))
  registration.stop()
  await registration.done
})

test('a token that Telegram does not know names the setting, and stopping ends the tries', async () => {
  const bench = await openChatBench()
  bench.telegram.failNext({ status: 401, times: 1_000 })
  const registration = start(bench)
  await until('two tries', () => methods(bench).length >= 2)
  registration.stop()
  await registration.done
  expect(problems(bench)).toEqual([expect.stringContaining('check telegram.bot_token')])
  expect(bench.logged.join()).not.toContain('secret_token')
})

test('every command fits what the Bot API takes', () => {
  for (const { command, description } of commandList()) {
    expect(command).toMatch(/^[a-z0-9_]{1,32}$/)
    expect(description.length).toBeGreaterThan(0)
    expect(description.length).toBeLessThanOrEqual(256)
  }
  expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length)
})
