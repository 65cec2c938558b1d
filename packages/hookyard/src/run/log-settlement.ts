import type { Log } from '../lib/log.ts'
import type { ClaimedRun, Settlement } from '../store/store.ts'

/** Each attempt that failed, each question and each end of a run is a line. `ms`: how long the attempt took. */
export function logSettlement(log: Log, run: ClaimedRun, settlement: Settlement, ms: number): void {
  const { id, module, entity, attempt } = run
  const fields = { run: id, module, entity, attempt, ms: Math.round(ms) }
  const error = settlement.error === null ? {} : { error: settlement.error }
  switch (settlement.kind) {
    case 'finished': {
      const { status, reason } = settlement
      const say = status === 'failed' ? log.warn : log.info
      return say.call(log, { ...fields, status, reason, ...error }, 'a run has ended')
    }
    case 'paused':
      return log.info(fields, 'a run asks a question, and waits for the answer')
    case 'again': {
      const again = { ...fields, ...error, again_at: new Date(settlement.runAt).toISOString() }
      if (settlement.counted) return log.warn(again, 'an attempt failed; the run is tried again')
      return log.info(again, 'an attempt was interrupted; the run goes on later')
    }
  }
}
