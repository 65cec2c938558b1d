// One JSON file per finished run, also after a crash between settling and writing.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import { claimedIds, finished, newRun } from '../../testing/store-contract/builders.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { ModuleJournal, journalEntry, journalFileName } from './journal.ts'

/** A store with one run that is done. */
async function withFinishedRun() {
  const dataDir = mkdtempSync(join(tmpdir(), 'hookyard-journal-'))
  const store = await openSqliteStore({ file: join(dataDir, 'hookyard.db') })
  await store.runs.create({
    id: '01abc',
    module: 'pr-review',
    entity: 'octocat/hello-world#42',
    repository: 'octocat/hello-world',
    trigger: {
      type: 'webhook',
      event: 'pull_request',
      action: 'synchronize',
      by: 'octocat',
      at: '2026-01-01T00:00:00.000Z',
    },
    delivery: null,
    recipients: ['alice'],
    runAt: 0,
    dueAt: 0,
    waiting: false,
    concurrency: 'queue',
    cooldownMs: 0,
    input: null,
    depth: 0,
    createdAt: 0,
  })
  await store.runs.claim('me', 1, 1_000, 20_000)
  await store.runs.settle('me', {
    runId: '01abc',
    attempt: 1,
    at: 46_200,
    error: null,
    details: { findings: 2 },
    costUsd: 0.12,
    messages: [],
    kind: 'finished',
    status: 'done',
    reason: null,
    summary: '2 findings',
  })
  return { dataDir, store }
}

test('every finished run has its file, with the fields of the contract, and no second flush writes it again', async () => {
  const { dataDir, store } = await withFinishedRun()
  const journal = new ModuleJournal({ dataDir, store: store.runs, clock: systemClock, log: silentLog })
  await journal.flush()
  const folder = join(dataDir, 'modules', 'pr-review', 'events')
  expect(readdirSync(folder)).toEqual(['1970-01-01T00-00-46.200Z_octocat-hello-world_42_01abc.json'])
  expect(JSON.parse(readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8'))).toEqual({
    timestamp: '1970-01-01T00:00:46.200Z',
    module: 'pr-review',
    run_id: '01abc',
    delivery: null,
    trigger: 'webhook:pull_request:synchronize',
    entity: 'octocat/hello-world#42',
    recipients: ['alice'],
    status: 'done',
    reason: null,
    summary: '2 findings',
    duration_seconds: 45.2,
    attempt: 1,
    cost_usd: 0.12,
    details: { findings: 2 },
  })
  expect(await store.runs.unjournaled(10)).toEqual([])
  await store.close()
})

test('a file that cannot be written whole is not there at all, and is written by the next flush', async () => {
  const { dataDir, store } = await withFinishedRun()
  const folder = join(dataDir, 'modules', 'pr-review')
  const inTheWay = join(folder, '01abc.json.tmp')
  mkdirSync(inTheWay, { recursive: true })
  const journal = new ModuleJournal({ dataDir, store: store.runs, clock: systemClock, log: silentLog })
  await journal.flush()
  expect(readdirSync(join(folder, 'events'))).toEqual([])
  rmdirSync(inTheWay)
  await journal.flush()
  expect([readdirSync(folder), readdirSync(join(folder, 'events'))]).toEqual([
    ['events'],
    [expect.stringMatching(/01abc\.json$/)],
  ])
  await store.close()
})

test('a module whose folder cannot be written keeps no other from its journal, and is told once', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'hookyard-journal-'))
  const store = await openSqliteStore({ file: join(dataDir, 'hookyard.db') })
  // More than are fetched at a time, all of them before the other module's only one.
  for (let n = 0; n < 130; n += 1)
    await store.runs.create(newRun(`a${n}`, { module: 'bad', entity: `o/r#${n}` }))
  await store.runs.create(newRun('b', { module: 'good' }))
  for (const id of await claimedIds(store, 1_000, 200)) await store.runs.settle('me', finished(id))
  mkdirSync(join(dataDir, 'modules'))
  writeFileSync(join(dataDir, 'modules', 'bad'), 'in the way')
  const said: unknown[] = []
  const say = (fields: Record<string, unknown>, message: string) =>
    void said.push([fields['module'], message.split(';')[0]])
  let now = 0
  const journal = new ModuleJournal({
    dataDir,
    store: store.runs,
    clock: () => now,
    log: { ...silentLog, error: say, info: say },
  })
  for (; now < 10 * 60_000; now += 61_000) await journal.flush()
  expect(readdirSync(join(dataDir, 'modules', 'good', 'events'))).toHaveLength(1)
  expect(await store.runs.unjournaled(200)).toHaveLength(130)
  expect(said).toEqual([['bad', 'journal files of this module cannot be written']])
  rmSync(join(dataDir, 'modules', 'bad'))
  // Where it was left first, then from its beginning.
  for (const last = now + 130_000; now < last; now += 61_000) await journal.flush()
  expect(await store.runs.unjournaled(200)).toEqual([])
  expect(said.slice(1)).toEqual([['bad', 'journal files of this module are written again']])
  await journal.stop()
  await store.close()
})

test('some files that cannot be written keep those behind them from nothing', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'hookyard-journal-'))
  const store = await openSqliteStore({ file: join(dataDir, 'hookyard.db') })
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  for (const id of ids) await store.runs.create(newRun(id, { entity: `o/r#${id}` }))
  for (const id of await claimedIds(store, 1_000)) await store.runs.settle('me', finished(id))
  for (const id of ids.slice(0, 7))
    mkdirSync(join(dataDir, 'modules', 'pr-review', `${id}.json.tmp`), { recursive: true })
  let now = 0
  const journal = new ModuleJournal({ dataDir, store: store.runs, clock: () => now, log: silentLog })
  for (; now < 200_000; now += 61_000) await journal.flush()
  expect((await store.runs.unjournaled(10)).map(({ id }) => id)).toEqual(ids.slice(0, 7))
  await journal.stop()
  await store.close()
})

test('what people answered stands beside what the module said, also when that was a list', async () => {
  const { store } = await withFinishedRun()
  const run = await store.runs.get('01abc')
  await store.close()
  if (!run) throw new Error('the run is gone')
  const asked = { options: [], fallback: null, askedAt: 0, expiresAt: null, closedAt: 1_000 }
  const answered = { status: 'answered', answer: 'yes', answeredBy: 'alice', answeredVia: 'api' } as const
  const questions = [{ ordinal: 1, text: 'Shall I?', ...asked, ...answered }]
  const answers = [
    {
      question: 'Shall I?',
      status: 'answered',
      answer: 'yes',
      by: 'alice',
      via: 'api',
      at: '1970-01-01T00:00:01.000Z',
    },
  ]
  const detailsOf = (details: unknown) => journalEntry({ ...run, details, questions })['details']
  expect(detailsOf({ findings: 2 })).toEqual({ findings: 2, answers })
  expect(detailsOf(['a.ts', 'b.ts'])).toEqual({ value: ['a.ts', 'b.ts'], answers })
  expect(detailsOf(null)).toEqual({ answers })
})

test('a missing part of the file name is a dash, and no name leaves its folder', () => {
  expect(journalFileName({ id: 'x', entity: '-', repository: null, finishedAt: 0, createdAt: 0 })).toBe(
    '1970-01-01T00-00-00.000Z_-_-_x.json',
  )
  expect(
    journalFileName({ id: 'x', entity: 'a/b', repository: '../../etc/passwd', finishedAt: 0, createdAt: 0 }),
  ).not.toContain('/')
})
