// ModuleJournal: one JSON file per finished run (contract section 3, Journal). Written after the run has
// settled; a crash in between is made good at the next start, since the store knows what is not yet written.
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { toError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import type { RunRecord, RunStore } from '../store/store.ts'

export class ModuleJournal {
  readonly #dataDir: string
  readonly #store: Pick<RunStore, 'unjournaled' | 'journaled'>
  readonly #log: Log
  #writing: Promise<void> = Promise.resolve()

  constructor(options: { dataDir: string; store: Pick<RunStore, 'unjournaled' | 'journaled'>; log: Log }) {
    this.#dataDir = options.dataDir
    this.#store = options.store
    this.#log = options.log
  }

  /** Writes the files of all finished runs that have none yet. Never rejects: what fails is tried at the next call. */
  flush(): Promise<void> {
    this.#writing = this.#writing
      .then(() => this.#flush())
      .catch((thrown: unknown) => {
        this.#log.error(
          { err: toError(thrown) },
          'the journal could not be written; it is tried again after the next run',
        )
      })
    return this.#writing
  }

  async #flush(): Promise<void> {
    for (;;) {
      const runs = await this.#store.unjournaled(100)
      if (runs.length === 0) return
      for (const run of runs) await this.#write(run)
      await this.#store.journaled(runs.map((run) => run.id))
    }
  }

  async #write(run: RunRecord): Promise<void> {
    const folder = join(this.#dataDir, 'modules', run.module)
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
  return {
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
  }
}

/** What the module said and recorded, and what people answered when it asked. */
function detailsOf({ details, questions }: Pick<RunRecord, 'details' | 'questions'>): unknown {
  if (questions.length === 0) return details ?? null
  const named = typeof details === 'object' && !Array.isArray(details)
  const said = named ? details : { value: details }
  return { ...said, answers: questions.map(toAnswer) }
}

function toAnswer({
  text,
  status,
  answer,
  answeredBy,
  answeredVia,
  closedAt,
}: RunRecord['questions'][number]) {
  const at = closedAt === null ? null : new Date(closedAt).toISOString()
  return { question: text, status, answer, by: answeredBy, via: answeredVia, at }
}
