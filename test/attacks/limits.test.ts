// A module that says too much, in a real module process: its run ends at once and for good, its error names the limit, and
// it does not help to swallow the error of the call.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Arena, openArena, REPO } from './arena.ts'
import { HANDLER } from './hostile-modules.ts'

const dir = mkdtempSync(join(tmpdir(), 'hookyard-limits-'))
let arena: Arena
let subject = 0

beforeAll(async () => {
  mkdirSync(join(dir, 'talker'))
  const manifest = { name: 'talker', subject: 'pull_request', may: ['comment'], timeout: '60s' }
  writeFileSync(join(dir, 'talker', 'module.yaml'), JSON.stringify(manifest))
  writeFileSync(join(dir, 'talker', 'handler.ts'), HANDLER)
  arena = await openArena({ agent: () => ({}), moduleDirs: [dir] })
  subject = arena.github.createPullRequest(REPO, { number: 2, title: 'The subject', user: 'alice' })
})
afterAll(async () => {
  await arena.close()
  rmSync(dir, { recursive: true, force: true })
})

const nest = (levels: number) =>
  `const deep = JSON.parse('{"a":'.repeat(${levels}) + '1' + '}'.repeat(${levels}))`

test.each([
  [
    '3,207 messages',
    `for (let n = 0; n < 3207; n += 1) await attempt(() => ctx.notify('m' + n))`,
    'over_limit',
    /20 messages/,
  ],
  [
    'messages that it does not wait for',
    `for (let n = 0; n < 40; n += 1) void ctx.notify('m' + n).catch(() => {}); return done('x')`,
    'over_limit',
    /20 messages/,
  ],
  [
    '60 comments',
    `for (let n = 0; n < 60; n += 1) await attempt(() => ctx.pr.comment('k' + n, 'x'))`,
    'over_limit',
    /50 effects/,
  ],
  [
    '237 MB by once',
    `for (let n = 0; n < 237; n += 1) await attempt(() => ctx.once('k' + n, () => 'x'.repeat(1e6)))`,
    'over_limit',
    /1048576 bytes/,
  ],
  [
    'a state beside what once keeps',
    `await ctx.once('k', () => 'x'.repeat(9e5)); return done('x', { state: 'x'.repeat(2e5) })`,
    'over_limit',
    /1048576 bytes/,
  ],
  [
    'details nested 4,000 deep',
    `${nest(4_000)}; return done('x', { details: deep })`,
    'invalid_outcome',
    /64 levels/,
  ],
  [
    'a state nested 50,000 deep',
    `${nest(50_000)}; return done('x', { state: deep })`,
    'invalid_outcome',
    /64 levels|no JSON/,
  ],
  ['a record nested 4,000 deep', `${nest(4_000)}; ctx.journal.record({ deep })`, 'over_limit', /64 levels/],
  [
    'a log line nested 4,000 deep',
    `${nest(4_000)}; ctx.log.info('x', { deep }); await new Promise(() => {})`,
    'over_limit',
    /64 levels/,
  ],
  [
    'a huge array',
    `return done('x', { details: Array(200_000).fill('xxxxxx') })`,
    'invalid_outcome',
    /1048576 go/,
  ],
])('%s', async (_what, body, reason, error) => {
  const ended = await arena.run('talker', subject, { data: { body } })
  expect(ended.status).toBe(`failed: ${reason}`)
  expect(ended.settlement.error).toMatch(error)
  expect(await arena.store.runs.get(ended.run.id)).toMatchObject({ status: 'failed', reason })
  // The crash notice is the twenty-first.
  expect((await arena.store.outbox.ofRun(ended.run.id)).length).toBeLessThanOrEqual(21)
})
