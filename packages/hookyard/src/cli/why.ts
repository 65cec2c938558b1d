// `hookyard why`: the trail of a delivery, a pull request or an issue. Asked of the server when one is named, else of
// the database itself, which also tells of a service that does not run.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { presentTrail, TrailAnswer } from '../api/trail-shape.ts'
import { parseTarget, type Target } from '../explain/target.ts'
import { traceTarget } from '../explain/why.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { dataDirOf } from './client/data-dir.ts'
import { namesServer, type ServerOptions } from './client/find-server.ts'
import { openClient } from './client/server-client.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { print } from './print.ts'

export interface WhyCommand extends ServerOptions {
  readonly json?: boolean
}

/** Prints the trail. @throws CommandFailure when nothing is known of the target; UsageError when it is none. */
export async function runWhy(text: string, options: WhyCommand): Promise<void> {
  const target = parseTarget(text)
  if (!target) {
    throw new UsageError(
      `${JSON.stringify(text)} is no target: give a delivery GUID, a pull request or issue URL, or owner/repo#42`,
    )
  }
  const trail = namesServer(options)
    ? await (await openClient(options)).get(`/api/why?target=${encodeURIComponent(text)}`, TrailAnswer)
    : await readTrail(text, target, options.config)
  print(trail, options.json, (told) => told.text)
}

async function readTrail(text: string, target: Target, config: string) {
  const database = join(dataDirOf(config), 'hookyard.db')
  if (!existsSync(database)) throw new CommandFailure(`nothing is stored yet: there is no ${database}`)
  const store = await openSqliteStore({ file: database, readOnly: true })
  try {
    const trail = await traceTarget(store, target)
    if (trail) return presentTrail(trail)
    throw new CommandFailure(
      `nothing is known of ${text}: no such delivery reached this installation. GitHub's own list is under the repository's Settings, Webhooks, Recent Deliveries.`,
    )
  } finally {
    await store.close()
  }
}
