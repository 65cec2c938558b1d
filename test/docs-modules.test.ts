// The modules that the pages about asking, schedules and commands show do what the pages say, and examples that are functions
// pass.
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { officialPayload } from '@hookyard/standins/payloads'
import {
  type TestInstallation,
  type TestModule,
  closeInstallations,
  openInstallation,
  until,
} from './installation.ts'

afterEach(closeInstallations)

const root = resolve(import.meta.dirname, '..')
const REPOSITORY = 'codertocat/hello-world'

/** The module of a page: the blocks that begin with the path of its file. */
function shown(page: string): { name: string; module: TestModule } {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  const [, name = '', manifest = ''] =
    /^```yaml\n# my-modules\/([\w-]+)\/module\.yaml\n([^]*?)^```/m.exec(text) ?? []
  const [, handler = ''] =
    new RegExp(`^\`\`\`ts\\n// my-modules/${name}/handler\\.ts\\n([^]*?)^\`\`\``, 'm').exec(text) ?? []
  const { name: named, description: _, ...rest } = parse(manifest) as Record<string, unknown>
  expect([named, handler.length > 100]).toEqual([name, true])
  return { name, module: { manifest: rest, handler, language: 'ts' } }
}

async function open(page: string): Promise<TestInstallation> {
  const { name, module } = shown(page)
  const at = await openInstallation({
    users: [{ name: 'alice', role: 'admin', chat_id: 111, repos: ['codertocat/hello-world'] }],
    modules: { [name]: module },
  })
  at.github.seedFromPayload(officialPayload('issues', 'opened'))
  return at
}

test('asking.md: an issue is labelled when somebody says that it is urgent', async () => {
  const at = await open('asking.md')
  const payload = officialPayload('issues', 'opened') as { issue: { number: number; title: string } }
  at.github.createLabel(REPOSITORY, 'urgent')
  const { guid } = await at.post('issues', payload)
  const runId = (await at.decisions(guid)).find(({ module }) => module === 'urgency')?.run_id ?? ''
  await until('the question', () =>
    at.telegram.messages[0]?.text.startsWith(`Is "${payload.issue.title}" urgent?`),
  )
  const resumed = await at.api(`/api/runs/${runId}/resume`, { json: { answer: 'yes' } })
  expect(resumed.status).toBe(202)
  const run = await until('the end', async () => {
    const { body } = await at.api(`/api/runs/${runId}`)
    return body['status'] === 'done' && body
  })
  expect(run['result']).toMatchObject({ summary: `"${payload.issue.title}": yes, says alice` })
  expect(at.github.labels(REPOSITORY, payload.issue.number)).toContain('urgent')
})

test.each([
  ['docs/asking.md', 'goesOnWithTheAnswer'],
  ['packages/sdk/README.md', 'greetsTheAuthor'],
  ['packages/standins/README.md', 'thanksTheAuthor'],
])('%s: %s passes', async (page, name) => {
  const text = readFileSync(join(root, page), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code = '']) => code)
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-docs-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const file = join(folder, 'example.ts')
  writeFileSync(file, blocks.find((code) => code.includes(`export async function ${name}`)) ?? '')
  const example = (await import(file)) as Readonly<Record<string, () => Promise<void>>>
  await example[name]?.()
  expect(Object.keys(example)).toEqual([name])
})

test('schedules.md: the open issues are counted at the next tick', async () => {
  const at = await open('schedules.md')
  const { body } = await at.api('/api/modules/open-issues')
  const [tick] = body['next_ticks'] as string[]
  at.advance(Date.parse(String(tick)) - Date.now())
  const [message] = await at.messagesSent(1)
  expect(message?.text.split('\n')[0]).toBe(`1 open issues at ${tick} (Europe/Berlin)`)
})

test('commands.md: a comment by somebody with write access notes an estimate', async () => {
  const at = await open('commands.md')
  const text = readFileSync(join(root, 'docs', 'commands.md'), 'utf8')
  const [, body = ''] = /^```markdown\n([^]*?)^```/m.exec(text) ?? []
  at.github.setPermission(REPOSITORY, 'maintainer', 'write')
  const payload = officialPayload('issue_comment', 'created') as Record<
    'comment' | 'sender' | 'issue',
    Record<string, unknown>
  >
  Object.assign(payload.comment, { body, user: { login: 'maintainer', type: 'User' } })
  Object.assign(payload.sender, { login: 'maintainer' })
  const { guid } = await at.post('issue_comment', payload)
  const runId = (await at.decisions(guid)).find(({ module }) => module === 'estimate')?.run_id ?? ''
  expect(await at.ended(runId)).toMatchObject({
    status: 'done',
    result: { summary: '#1 is estimated at 3h' },
  })
  expect(at.github.comments(REPOSITORY, 1)[0]?.body).toMatch(/^Estimated at \*\*3h\*\* by @maintainer\./)
})
