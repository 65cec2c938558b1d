// `hookyard invite`: a code that makes a person a user, from a running server.
import { afterEach, expect, test } from 'vitest'
import { hookyard } from '../command-line.ts'
import { TOKEN, closeInstallations } from '../installation.ts'
import { openChat } from '../chat/scene.ts'
import { json, run } from './talking.ts'

afterEach(closeInstallations)

const users = [
  { name: 'root', role: 'admin', chat_id: 1 },
  { name: 'alice b/c', repos: ['octocat/*'] },
]

test('prints a code that counts, and takes the claim back', async () => {
  const at = await openChat({ users, modules: {} })
  const { stdout, code } = await run(at, ['invite', 'alice b/c'])
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^\/start [0-9a-f]{32}\nWhoever sends this to the bot is alice b\/c from then on: once, until 2\S+Z\.\nWhere `telegram_id` in .+\n$/,
  )
  const invite = await json(at, 'invite', 'alice b/c')
  expect(invite).toEqual({
    code: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    user: 'alice b/c',
    expires_at: expect.stringMatching(/^2.*Z$/) as string,
  })
  expect(await at.ask(999, stdout.split('\n')[0] ?? '')).toContain('This code does not count')
  expect(await at.ask(999, `/start ${String(invite['code'])}`)).toContain('You are alice b/c (member)')
  expect((await run(at, ['invite', 'alice b/c', '--revoke'])).stdout).toBe(
    'a claim or an open code of alice b/c was taken back\n',
  )
  expect(await at.ask(999, '/start')).toBe("This chat's id is 999.")
  expect(await json(at, 'invite', 'alice b/c', '--revoke')).toEqual({ user: 'alice b/c', revoked: false })
})

test('an unknown user is told with the name that was meant, a member may not', async () => {
  const config = {
    api_tokens: [
      { name: 'root', token: TOKEN, user: 'root', scopes: ['*'] },
      { name: 'members', token: 'the-token-of-alice', user: 'alice b/c', scopes: ['*'] },
    ],
  }
  const at = await openChat({ users, modules: {}, config })
  expect(await run(at, ['invite', 'rooot'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('there is no user "rooot" in the configuration; write root') as string,
  })
  expect(await json(at, 'invite', 'rooot')).toMatchObject({ code: 'not_found' })
  const env = { HOOKYARD_URL: at.service.url, HOOKYARD_TOKEN: 'the-token-of-alice' }
  expect(await hookyard(['invite', 'root', '--json'], { cwd: at.dir, env })).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('not_authorized') as string,
  })
  expect((await run(at, ['invite'])).code).toBe(2)
})
