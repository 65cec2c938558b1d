// `check --online`: what only the outside can tell, each check alone.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadInstallation } from '../registry/load.ts'
import { type GitHubStandin, startGitHub } from '@hookyard/standins/github'
import { type TelegramStandin, startTelegram } from '@hookyard/standins/telegram'
import { onlineChecks } from './check-online.ts'
import { builtinModuleDirs } from './package.ts'

const standins: (GitHubStandin | TelegramStandin)[] = []
afterEach(async () => {
  await Promise.all(standins.splice(0).map((standin) => standin.close()))
})

async function problemsWith(
  more: (github: GitHubStandin, telegram: TelegramStandin) => Record<string, unknown>,
) {
  const [github, telegram] = await Promise.all([startGitHub(), startTelegram({ chats: [111] })])
  standins.push(github, telegram)
  github.createRepository('octocat/hello-world')
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-online-'))
  const file = join(dir, 'hookyard.yaml')
  writeFileSync(
    file,
    stringify({
      repos: ['octocat/hello-world'],
      notify: 'telegram:111',
      server: { public_url: 'https://hooks.example.org' },
      github: { webhook_secret: 'a-webhook-secret', token: github.token, api_url: github.url },
      telegram: { bot_token: telegram.token, api_url: telegram.url },
      agent: { backend: 'offline' },
      ...more(github, telegram),
    }),
  )
  const installation = await loadInstallation({
    file,
    env: {},
    cwd: dir,
    builtinModuleDirs: builtinModuleDirs(),
  })
  const found = (await Promise.all(onlineChecks.map((check) => check(installation)))).flat()
  return { found: found.map(({ key, found: what }) => `${key}: ${what}`), github, telegram }
}

test('an installation in order has no problem', async () => {
  const { found } = await problemsWith((github) => {
    github.createHook('octocat/hello-world', { url: 'https://hooks.example.org/webhook/github' })
    return {}
  })
  expect(found).toEqual([])
})

test('a missing webhook, a repository out of reach, a wrong token and an unknown chat are named', async () => {
  expect((await problemsWith(() => ({}))).found).toEqual([
    'repos: no active webhook of octocat/hello-world to https://hooks.example.org/webhook/github',
  ])
  const unreachable = await problemsWith(() => ({ repos: ['octocat/nothing'] }))
  expect(unreachable.found).toEqual(['repos: octocat/nothing (GitHub answers 404)'])
  const wrong = await problemsWith((github, telegram) => ({
    github: { webhook_secret: 'a-webhook-secret', token: 'ghp_wrong_token', api_url: github.url },
    telegram: { bot_token: '1:wrong-token', api_url: telegram.url },
  }))
  expect(wrong.found).toHaveLength(2)
  expect(wrong.found.join()).toMatch(/github: .*telegram.bot_token: /s)
  expect(wrong.found.join()).not.toContain('wrong-token')
  const chat = await problemsWith((github) => {
    github.createHook('octocat/hello-world', { url: 'https://hooks.example.org/webhook/github' })
    return { notify: 'telegram:999' }
  })
  expect(chat.found).toEqual([expect.stringMatching(/^users: chat 999: .*chat not found/)])
})

test('an agent that is not there is named', async () => {
  const { found } = await problemsWith((github) => {
    github.createHook('octocat/hello-world', { url: 'https://hooks.example.org/webhook/github' })
    return { agent: { backend: 'claude-cli', command: '/nonexistent/claude' } }
  })
  expect(found).toEqual([expect.stringMatching(/^agent: .*\/nonexistent\/claude/)])
})
