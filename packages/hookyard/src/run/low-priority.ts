// The intake must not feel a module that computes: it may use what is left of the machine.
import { existsSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { processTree } from './process-tree.ts'

/** The kernel lets a user without privileges change one group in 100 ms. */
const AGAIN_MS = 150
const MAX_TRIES = 20

/**
 * Lowers the priority of a process that leads its own session, with what it has started. Never throws: where that is
 * not allowed, or the process is gone, it is a matter of comfort and not of correctness.
 */
export function lowerPriority(pid: number): void {
  try {
    // First its own: what it starts from now on inherits that.
    setPriority(pid, constants.priority.PRIORITY_LOW)
    for (const one of processTree(pid)) setPriority(one, constants.priority.PRIORITY_LOW)
  } catch {
    return
  }
  lowerGroup(`/proc/${pid}/autogroup`, MAX_TRIES)
}

// Linux shares the processor among sessions first, and only then asks for priorities: a module at the lowest one, in
// a session of its own, would take as much as the whole service. See sched(7), "The autogroup feature".
function lowerGroup(file: string, tries: number): void {
  if (tries === 0 || !existsSync(file)) return
  try {
    writeFileSync(file, String(constants.priority.PRIORITY_LOW))
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EAGAIN')
      setTimeout(() => lowerGroup(file, tries - 1), AGAIN_MS).unref()
  }
}
