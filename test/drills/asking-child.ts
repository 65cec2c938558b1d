// A run that asks, end to end over the real store, runner, outbox and journal, in a process that kills itself at one
// point. Arguments: the folder, the point (`settle:before:2`; `never`), and who answers (`person`, `time`).
import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { answerQuestion, openQuestion } from '../../packages/hookyard/src/ask/answer.ts'
import { systemClock } from '../../packages/hookyard/src/lib/clock.ts'
import { silentLog } from '../../packages/hookyard/src/lib/log.ts'
import { ModuleJournal } from '../../packages/hookyard/src/run/journal.ts'
import { createRunner } from '../../packages/hookyard/src/run/runner.ts'
import { settlementOf } from '../../packages/hookyard/src/run/settlement.ts'
import { toPlainText } from '../../packages/hookyard/src/send/message.ts'
import { createOutbox } from '../../packages/hookyard/src/send/outbox.ts'
import { openSqliteStore } from '../../packages/hookyard/src/store/sqlite/open.ts'
import type { ClaimedRun, Settlement, Store } from '../../packages/hookyard/src/store/store.ts'
import { module } from '../builders.ts'

const [dir = '', point = 'never', mode = 'person'] = process.argv.slice(2)
const effects = join(dir, 'effects.txt')
const note = (line: string) => appendFileSync(effects, `${line}\n`)
const seen = new Map<string, number>()

/** Dies, as by a power cut, when this is the point. */
function pass(name: string): void {
  const count = (seen.get(name) ?? 0) + 1
  seen.set(name, count)
  if (`${name}:${count}` !== point) return
  process.kill(process.pid, 'SIGKILL')
  // The signal comes between two instructions of ours: none may follow.
  for (;;);
}

const isEmpty = (value: unknown) =>
  Array.isArray(value)
    ? value.length === 0
    : typeof value === 'object' &&
      value !== null &&
      Object.values(value).every((list) => Array.isArray(list) && list.length === 0)

/** Every call that writes has a point before and after it; one that found nothing to do has none after it. */
function mined<Stage extends object>(stage: Stage, names: readonly (keyof Stage & string)[]): Stage {
  const wrapped = { ...stage } as Record<string, unknown>
  for (const name of names) {
    const call = stage[name] as (...args: unknown[]) => Promise<unknown>
    wrapped[name] = async (...args: unknown[]) => {
      if (!['claim', 'expireQuestions'].includes(name)) pass(`${name}:before`)
      const value = await call(...args)
      if (!isEmpty(value)) pass(`${name}:after`)
      return value
    }
  }
  return wrapped as Stage
}

const real = await openSqliteStore({ file: join(dir, 'hookyard.db') })
const store: Store = {
  ...real,
  runs: mined(real.runs, ['create', 'claim', 'settle', 'answer', 'expireQuestions', 'journaled']),
  outbox: mined(real.outbox, ['sent']),
}
await store.runs.reclaim(systemClock(), true)
const RUN = 'run1'
await store.runs.create(
  {
    id: RUN,
    module: 'asker',
    entity: 'o/r#1',
    repository: 'o/r',
    trigger: { type: 'webhook', event: 'push', action: null, by: 'octocat', at: new Date(0).toISOString() },
    delivery: null,
    recipients: ['alice'],
    runAt: 0,
    dueAt: 0,
    waiting: false,
    concurrency: 'queue',
    cooldownMs: 0,
    input: null,
    depth: 0,
    createdAt: systemClock(),
  },
  { idempotency: { scope: 'drill', key: 'the run', fingerprint: '' } },
)

/** The handler: asks, and with the answer does its work. */
function execute(run: ClaimedRun): Promise<Settlement> {
  const resumed = run.trigger.type === 'resume'
  note(
    resumed
      ? `resumed with ${String(run.trigger.data?.['answer'])} and ${JSON.stringify(run.state)}`
      : 'asked',
  )
  const outcome = resumed
    ? { status: 'done', summary: `done: ${String(run.trigger.data?.['answer'])}` }
    : {
        status: 'paused',
        question: 'Go on?',
        options: ['yes', 'no'],
        state: { step: 1 },
        default: 'no',
        ...(mode === 'time' ? { expires: '0.2s' } : {}),
      }
  const input = {
    run,
    module: module('asker'),
    subject: null,
    costUsd: 0.25,
    records: {},
    tainted: false,
    addressOf: () => 'file:chat',
    now: systemClock(),
    random: Math.random,
  }
  return Promise.resolve(settlementOf({ kind: 'returned', outcome }, input))
}

const journal = new ModuleJournal({ dataDir: dir, store: store.runs, clock: systemClock, log: silentLog })
const outbox = createOutbox({
  store: store.outbox,
  senders: new Map([
    [
      'file',
      {
        scheme: 'file',
        send: (_to, message) => (
          note(`message ${toPlainText(message).split('\n')[0] ?? ''}`),
          Promise.resolve({ status: 'sent' as const })
        ),
      },
    ],
  ]),
  clock: systemClock,
  log: silentLog,
})
const runner = createRunner({
  store: store.runs,
  execute,
  unwritable(_run, error) {
    throw error
  },
  owner: `${process.pid}`,
  concurrency: 2,
  clock: systemClock,
  log: silentLog,
  onSettled: () => (outbox.wake(), void journal.flush()),
  onExpired: () => void journal.flush(),
})
runner.start()
outbox.start()
await journal.flush()

const written = () => existsSync(effects) && readFileSync(effects, 'utf8').includes('message done: ')
const journaled = () =>
  existsSync(join(dir, 'modules', 'asker', 'events')) &&
  readdirSync(join(dir, 'modules', 'asker', 'events')).some((name) => name.endsWith('.json'))
while (!written() || !journaled()) {
  const run = await real.runs.get(RUN)
  const heard = existsSync(effects) && readFileSync(effects, 'utf8').includes('message Go on?')
  if (mode === 'person' && heard && run && openQuestion(run)) {
    await answerQuestion(store.runs, {
      runId: RUN,
      answer: 'yes',
      by: { name: 'alice', isAdmin: false },
      via: 'drill',
      at: systemClock(),
    })
    runner.wake()
  }
  await new Promise((next) => setTimeout(next, 5))
}
await runner.stop(1_000)
await outbox.stop()
await journal.flush()
await real.close()
