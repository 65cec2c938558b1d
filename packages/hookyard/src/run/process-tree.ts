import { readFileSync, readdirSync } from 'node:fs'

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
