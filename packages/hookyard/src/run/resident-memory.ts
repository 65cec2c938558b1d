import { readFileSync } from 'node:fs'
import { processTree } from './process-tree.ts'

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
