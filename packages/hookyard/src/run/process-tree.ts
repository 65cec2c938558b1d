// A process with what it has started: its memory, and its priority.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

const LOW = constants.priority.PRIORITY_LOW
/** The kernel lets a user without privileges change one group in 100 ms. */
const AGAIN_MS = 150
const MAX_TRIES = 20

/**
 * A process and what descends from it, parents first. Where the system does not tell (only Linux does, by /proc) it
 * is the process alone.
 */
export function processTree(pid: number): number[] {
  const found = [pid]
  for (const one of found) found.push(...childrenOf(one))
  return found
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

/**
 * Resident memory of a process and what it has started, in bytes: in a namespace these are all that there are. 0 where
 * the system does not tell (only Linux does, by /proc). Pages that several share are counted for each.
 */
export function residentBytes(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + residentOf(one), 0)
}

function residentOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/**
 * Lowers the priority of a process that leads its own session, with what it has started: the intake must not feel a
 * module that computes. Never throws: where it is not allowed, or the process is gone, nothing is lost but comfort.
 */
export function lowerPriority(pid: number): void {
  try {
    // First its own: what it starts from now on inherits that.
    setPriority(pid, LOW)
    for (const one of processTree(pid)) setPriority(one, LOW)
    lowerGroup(`/proc/${pid}/autogroup`, MAX_TRIES)
  } catch {
    // See above.
  }
}

// Linux shares the processor among sessions first, and only then asks for priorities: a module at the lowest one, in
// a session of its own, would take as much as the whole service. See sched(7), "The autogroup feature".
function lowerGroup(file: string, tries: number): void {
  try {
    writeFileSync(file, String(LOW))
  } catch (thrown) {
    if (tries > 1 && (thrown as NodeJS.ErrnoException).code === 'EAGAIN')
      setTimeout(() => lowerGroup(file, tries - 1), AGAIN_MS).unref()
  }
}
