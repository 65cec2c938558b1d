// Whether this process can open anything more. A connection that cannot be accepted for want of a descriptor is closed by
// the runtime without an error, and nothing else need happen at that time: so it is tried.
import { open } from 'node:fs/promises'
import type { Log } from '../lib/log.ts'

const EVERY_MS = 5_000
/** While it lasts it is logged so often, in ms. */
const LOG_EVERY_MS = 600_000

/**
 * Opens `path` every few seconds, and says in the log when that fails for want of descriptors, and when it no longer does.
 * @returns stops it
 */
export function watchDescriptors(path: string, log: Log): () => void {
  let loggedAt: number | undefined

  async function look(): Promise<void> {
    try {
      await (await open(path, 'r')).close()
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException
      // Whatever else is wrong with the path is said by those who need it.
      if (code === 'EMFILE' || code === 'ENFILE') {
        if (loggedAt !== undefined && performance.now() - loggedAt < LOG_EVERY_MS) return
        loggedAt = performance.now()
        const advice =
          'connections are refused until some are closed; raise the limit of open files (ulimit -n)'
        log.error({ code }, `no more files or connections can be opened: ${advice}`)
        return
      }
    }
    if (loggedAt !== undefined) log.info({}, 'files and connections can be opened again')
    loggedAt = undefined
  }

  const timer = setInterval(() => void look(), EVERY_MS).unref()
  return () => clearInterval(timer)
}
