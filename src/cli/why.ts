// `hookyard why`: the trail of a delivery, a pull request or an issue.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { environment } from '../config/env.ts'
import { renderTrail } from '../explain/render-trail.ts'
import { parseTarget } from '../explain/target.ts'
import { traceTarget, withoutSecrets } from '../explain/why.ts'
import { loadConfig } from '../config/load-config.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { CommandFailure, UsageError } from './failure.ts'

/** Prints the trail. @throws CommandFailure when nothing is known of the target; UsageError when it is none. */
export async function runWhy(
  text: string,
  options: { readonly config: string; readonly json?: boolean },
): Promise<void> {
  const target = parseTarget(text)
  if (!target) {
    throw new UsageError(
      `${JSON.stringify(text)} is no target: give a delivery GUID, a pull request or issue URL, or owner/repo#42`,
    )
  }
  const { config } = loadConfig({ file: resolve(options.config), env: environment() })
  const database = join(config.dataDir, 'hookyard.db')
  if (!existsSync(database)) throw new CommandFailure(`nothing is stored yet: there is no ${database}`)
  const store = await openSqliteStore({ file: database, readOnly: true })
  try {
    const trail = await traceTarget(store, target)
    if (!trail) {
      throw new CommandFailure(
        `nothing is known of ${text}: no such delivery reached this installation. GitHub's own list is under the repository's Settings, Webhooks, Recent Deliveries.`,
      )
    }
    process.stdout.write(
      options.json ? `${JSON.stringify(withoutSecrets(trail), null, 2)}\n` : renderTrail(trail),
    )
  } finally {
    await store.close()
  }
}
