// `check` tells what the files say; it ends with 1 when anything is wrong, and prints no secret.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Problem } from '../config/problem.ts'
import { EVERYTHING } from '../../testing/config/everything.ts'
import { SECRET } from '../../testing/config/read.ts'
import { folderOf, moduleFiles } from '../../testing/registry/folders.ts'
import { runCheck } from './check.ts'
import type { CheckOptions } from './check.ts'

const SAMPLE = moduleFiles(
  'pr-review',
  'feature_flag: pr_review\ntriggers: [{ webhook: issues, actions: [opened] }, { command: review }, { schedule: "0 9 * * 1-5" }]\n',
)
const builtinModuleDirs = [
  folderOf({ ...SAMPLE, ...moduleFiles('issue-triage', 'feature_flag: issue_triage\n') }),
]

async function check(text: string, more: Partial<CheckOptions> = {}) {
  const cwd = folderOf({ 'hookyard.yaml': text, 'my-modules/README.md': '' })
  let printed = ''
  const print = (part: string) => void (printed += part)
  const code = await runCheck({ cwd, env: SECRET, builtinModuleDirs, print, ...more })
  return { code, printed, cwd }
}

const problem: Problem = {
  file: '/m/handler.ts',
  line: 1,
  column: 1,
  key: 'handler',
  found: 'x',
  expected: 'y',
  hint: null,
}

test('good files: what was found, and the warnings', async () => {
  const { code, printed } = await check(
    'repos: ["octocat/*"]\nnotify: telegram:111\nmodules: { issue-triage: { enabled: false } }',
  )
  expect(code).toBe(0)
  // Which walls stand is the machine's.
  expect(printed.replace(/^walls[^]*?(?=^modules)/m, '')).toBe(`configuration  hookyard.yaml
repositories   octocat/*
users          admin (admin, telegram:111)
github         no credentials, intake webhook
database       sqlite, data in data
agent          auto, model sonnet
modules        issue-triage  invoke only [flag issue_triage, disabled]
               pr-review     issues (opened); /review; schedule "0 9 * * 1-5" [flag pr_review]

2 warnings:
hookyard.yaml:1:1 github.token: found nothing, expected a token or an App; without one, modules cannot read or write on GitHub. Fix: set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE.
hookyard.yaml:1:1 telegram.bot_token: found nothing, expected a bot token; without one, messages to Telegram go to the log. Fix: set TELEGRAM_BOT_TOKEN (from @BotFather).

No problems. Offline part only: --online also tries tokens, webhooks and the agent.
`)
})

test('polling, which is not built yet, is a warning with its line and what to do instead', async () => {
  const { code, printed } = await check('repos: [a/b]\ngithub:\n  token: ghp_x\n  intake: poll', { env: {} })
  expect(code).toBe(0)
  expect(printed).toContain(
    '1 warning:\nhookyard.yaml:4:3 github.intake: found poll, expected webhook; polling is',
  )
  expect(printed).toContain('Fix: set GITHUB_WEBHOOK_SECRET')
})

test('a database that a start would refuse is a problem, without its password', async () => {
  const text = 'repos: [a/b]\ndatabase: postgres://hookyard:hush@db:5432/hookyard'
  const { code, printed } = await check(text)
  expect(code).toBe(1)
  expect(printed).toContain(
    '1 problem:\nhookyard.yaml:2:1 database: found the address of a PostgreSQL database, expected sqlite: this version stores in SQLite alone',
  )
  const json = await check(text, { json: true })
  expect(JSON.parse(json.printed)).toMatchObject({ ok: false, problems: [{ line: 2, key: 'database' }] })
  expect(printed + json.printed).not.toContain('hush')
})

test('bad files: each problem, and 1', async () => {
  const { code, printed } = await check('reops: []\nlog: { level: loud }')
  expect(code).toBe(1)
  expect(printed).toBe(`2 problems:
hookyard.yaml:1:1 reops: found an unknown key, expected a known one. Fix: write repos.
hookyard.yaml:2:8 log.level: found "loud", expected one of trace, debug, info, warn, error, silent.
`)
})

test('with --json one document, good or bad', async () => {
  const good = await check(EVERYTHING, { json: true })
  expect(good.code).toBe(0)
  expect(JSON.parse(good.printed)).toMatchObject({
    ok: true,
    file: join(good.cwd, 'hookyard.yaml'),
    users: [{ name: 'alice', role: 'admin', repos: ['octocat/hello-world'], hears: 'telegram:-100222' }],
    github: { login: 'token', intake: 'webhook' },
    modules: [
      { name: 'issue-triage' },
      { name: 'pr-review', triggers: ['issues (opened)', '/review', 'schedule "0 9 * * 1-5"'] },
    ],
    problems: [],
  })
  const bad = await check('prot: 1', { json: true })
  expect(bad.code).toBe(1)
  expect(JSON.parse(bad.printed)).toMatchObject({
    ok: false,
    problems: [{ line: 1, column: 1, key: 'prot' }],
    warnings: [],
  })
})

test('further checks are asked when the files are good, with what was loaded', async () => {
  const extraChecks: CheckOptions['extraChecks'] = [
    async ({ registry }) => (registry.get('pr-review') ? [problem] : []),
    async () => [],
  ]
  const { code, printed } = await check('repos: [a/b]', { extraChecks, online: true })
  expect(code).toBe(1)
  expect(printed).toContain('1 problem:\n/m/handler.ts:1:1 handler: found x, expected y.')
  const unasked = async () => Promise.reject(new Error('asked'))
  expect((await check('prot: 1', { extraChecks: [unasked] })).code).toBe(1)
})

test('no secret is printed', async () => {
  const text = EVERYTHING.replace(
    'notify_chat_id: -100222',
    'notify: "slack:https://hooks.slack.com/services/hush"',
  )
  for (const json of [false, true]) {
    const { printed, code } = await check(text, { json })
    expect(code).toBe(0)
    for (const secret of [
      'webhook-secret',
      'ghp_token',
      'inbound-secret',
      '123:abc',
      'telegram-secret',
      'sk-key',
      'some-long-api-token',
      'hush',
    ]) {
      expect(printed).not.toContain(secret)
    }
  }
})
