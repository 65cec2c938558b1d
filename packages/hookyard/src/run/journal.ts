// ModuleJournal: one JSON file per finished run (contract section 3, Journal). Written after the run has
// settled; a crash in between is made good at the next start, since the store knows what is not yet written.
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { withoutControls } from '../lib/controls.ts'
import type { Log } from '../lib/log.ts'
import type { RunRecord, RunStore } from '../store/store.ts'

/** So many files of a module in a row that cannot be written: its folder cannot, and it is left alone for a while. */
const MAX_FAILURES = 3
/** For so long, in ms. */
const PAUSE_MS = 60_000
/** How often a failure that lasts is told, in ms. */
const TELL_EVERY_MS = 3_600_000

interface Failing {
  /** ms since the epoch, as is `toldAt`. */
  readonly pausedUntil: number
  readonly toldAt: number
  /** The run to go on behind: the first ones must not keep the others from their turn. */
  readonly after: string
}

export interface JournalOptions {
  readonly dataDir: string
  readonly store: Pick<RunStore, 'unjournaled' | 'journaled'>
  readonly clock: Clock
  readonly log: Log
}

export class ModuleJournal {
  readonly #options: JournalOptions
  readonly #failing = new Map<string, Failing>()
  #writing: Promise<void> = Promise.resolve()
  #again: NodeJS.Timeout | undefined

  constructor(options: JournalOptions) {
    this.#options = options
  }

  /** Writes the files of all finished runs that have none yet. Never rejects: what fails is tried again. */
  flush(): Promise<void> {
    this.#writing = this.#writing
      .then(() => this.#flush())
      .catch((thrown: unknown) => {
        const what = 'the journal could not be written; it is tried again after the next run'
        this.#options.log.error({ err: toError(thrown) }, what)
      })
    return this.#writing
  }

  /** Writes what can be written now, and tries no more. */
  async stop(): Promise<void> {
    await this.flush()
    clearTimeout(this.#again)
  }

  async #flush(): Promise<void> {
    const { store, clock } = this.#options
    const now = clock()
    const paused = [...this.#failing].filter(([, { pausedUntil }]) => now < pausedUntil)
    const except = new Set(paused.map(([module]) => module))
    const failures = new Map<string, number>()
    for (let after: string | undefined = ''; after !== undefined;) {
      const runs: RunRecord[] = await store.unjournaled(100, after, [...except])
      const written: string[] = []
      for (const run of runs) {
        const { id, module } = run
        if (except.has(module) || id <= (this.#failing.get(module)?.after ?? '')) continue
        try {
          await this.#write(run)
          written.push(id)
          failures.delete(module)
        } catch (thrown) {
          const failed = (failures.get(module) ?? 0) + 1
          failures.set(module, failed)
          const isPaused = failed === MAX_FAILURES
          if (isPaused) except.add(module)
          const pause = { pausedUntil: isPaused ? now + PAUSE_MS : 0, after: isPaused ? id : '' }
          this.#fails(module, pause, now, toError(thrown))
        }
      }
      if (written.length > 0) await store.journaled(written)
      after = runs.length < 100 ? undefined : runs.at(-1)?.id
    }
    this.#goOn(except, failures)
  }

  /** Says it at first, and once an hour from then on. */
  #fails(module: string, pause: Omit<Failing, 'toldAt'>, now: number, err: Error): void {
    const toldAt = this.#failing.get(module)?.toldAt
    const isTold = toldAt !== undefined && now - toldAt < TELL_EVERY_MS
    this.#failing.set(module, { ...pause, toldAt: isTold ? toldAt : now })
    const what =
      'journal files of this module cannot be written; its runs are kept, and it is tried each minute'
    if (!isTold) this.#options.log.error({ err, module }, what)
  }

  /** Modules that were tried to the end begin with their first run again, or are well. */
  #goOn(except: ReadonlySet<string>, failures: ReadonlyMap<string, number>): void {
    for (const [module, failing] of this.#failing) {
      if (except.has(module)) continue
      if (failing.after !== '' || failures.has(module)) this.#failing.set(module, { ...failing, after: '' })
      else {
        this.#failing.delete(module)
        this.#options.log.info({ module }, 'journal files of this module are written again')
      }
    }
    clearTimeout(this.#again)
    if (this.#failing.size > 0) this.#again = setTimeout(() => void this.flush(), PAUSE_MS).unref()
  }

  async #write(run: RunRecord): Promise<void> {
    const folder = join(this.#options.dataDir, 'modules', run.module)
    const events = join(folder, 'events')
    await mkdir(events, { recursive: true })
    // Not among the others: whoever reads the folder finds whole files alone.
    const temporary = join(folder, `${run.id}.json.tmp`)
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(journalEntry(run), null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(events, journalFileName(run)))
  }
}

/** `YYYY-MM-DDTHH-MM-SS.mmmZ_OWNER-REPO_NUMBER_RUNID.json`, `-` for a missing part. */
export function journalFileName(
  run: Pick<RunRecord, 'id' | 'entity' | 'repository' | 'finishedAt' | 'createdAt'>,
): string {
  const time = new Date(run.finishedAt ?? run.createdAt).toISOString().replaceAll(':', '-')
  const repository = run.repository?.replace('/', '-').replace(/[^\w.-]/g, '') || '-'
  const number = /#(\d+)$/.exec(run.entity)?.[1] ?? '-'
  return `${time}_${repository}_${number}_${run.id}.json`
}

/** The file's content. */
export function journalEntry(run: RunRecord): Record<string, unknown> {
  const { type, event, action } = run.trigger
  const ended = run.finishedAt ?? run.createdAt
  return withoutControls({
    timestamp: new Date(ended).toISOString(),
    module: run.module,
    run_id: run.id,
    delivery: run.delivery,
    trigger: [type, event, action].filter((part) => part !== null).join(':'),
    entity: run.entity,
    recipients: run.recipients,
    status: run.status,
    reason: run.reason,
    summary: run.summary,
    duration_seconds: run.startedAt === null ? 0 : Math.max(0, ended - run.startedAt) / 1_000,
    attempt: run.attempt,
    cost_usd: run.costUsd,
    details: detailsOf(run),
  })
}

/** What the module said and recorded, and what people answered when it asked. */
function detailsOf({ details, questions }: Pick<RunRecord, 'details' | 'questions'>): unknown {
  if (questions.length === 0) return details ?? null
  const said = typeof details === 'object' && !Array.isArray(details) ? details : { value: details }
  const answers = questions.map(({ text, status, answer, answeredBy, answeredVia, closedAt }) => {
    const at = closedAt === null ? null : new Date(closedAt).toISOString()
    return { question: text, status, answer, by: answeredBy, via: answeredVia, at }
  })
  return { ...said, answers }
}
