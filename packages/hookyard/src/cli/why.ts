// `hookyard why`: the trail of a delivery, a pull request or an issue. Asked of the server when one is named, else of
// the database itself, which also tells of a service that does not run.
import { presentTrail, TrailAnswer } from '../api/trail-shape.ts'
import { parseTarget, type Target } from '../explain/target.ts'
import { traceTarget } from '../explain/why.ts'
import { type AskOptions, show } from './client/ask.ts'
import { dataDirOf, namesServer } from './client/find-server.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { openDatabase } from './installation.ts'
import { print } from './print.ts'

/** Prints the trail. @throws CommandFailure when nothing is known of the target; UsageError when it is none. */
export async function runWhy(text: string, options: AskOptions): Promise<void> {
  const target = parseTarget(text)
  if (!target) {
    throw new UsageError(
      `${JSON.stringify(text)} is no target: give a delivery GUID, a pull request or issue URL, or owner/repo#42`,
    )
  }
  const render = (told: { readonly text: string }) => told.text
  if (namesServer(options))
    return show(options, `/api/why?target=${encodeURIComponent(text)}`, TrailAnswer, render)
  print(await readTrail(text, target, options.config), options.json, render)
}

async function readTrail(text: string, target: Target, config: string) {
  const store = await openDatabase(dataDirOf(config))
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
