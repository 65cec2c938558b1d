// Whether this process can open anything more. A connection that cannot be accepted for want of a descriptor is closed by
// the runtime without an error, and nothing else need happen at that time: so it is tried.
import { open } from 'node:fs/promises'
import type { Log } from '../lib/log.ts'

const EVERY_MS = 5_000
/** While it lasts it is told so often, in ms. */
const TELL_EVERY_MS = 600_000

export interface Descriptors {
  stop(): void
}

/** Opens `path` every few seconds, and says in the log when that fails for want of descriptors, and when it no longer does. */
export function watchDescriptors(path: string, log: Log, everyMs = EVERY_MS): Descriptors {
  let toldAt: number | undefined

  async function look(): Promise<void> {
    try {
      await (await open(path, 'r')).close()
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException
      // Whatever else is wrong with the path is told by those who need it.
      if (code === 'EMFILE' || code === 'ENFILE') return tell(code)
    }
    if (toldAt !== undefined) log.info({}, 'files and connections can be opened again')
    toldAt = undefined
  }

  function tell(code: string): void {
    if (toldAt !== undefined && performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    const advice = 'connections are refused until some are closed; raise the limit of open files (ulimit -n)'
    log.error({ code }, `no more files or connections can be opened: ${advice}`)
  }

  const timer = setInterval(() => void look(), everyMs).unref()
  return { stop: () => clearInterval(timer) }
}
