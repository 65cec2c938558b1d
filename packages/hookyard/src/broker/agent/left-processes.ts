// What a process has started and that left its group: by setsid it is out of reach of a signal to the group, but its
// environment still holds the mark that it was started with.
import { readFileSync, readdirSync } from 'node:fs'

/** Looks again, since one that is being ended may start another. */
const LOOKS = 3

/**
 * Ends every process whose environment holds this text. Only Linux tells environments (/proc), and only those of the
 * same user, or to root: elsewhere nothing is found. A process that empties its environment is not found either.
 */
export function endMarked(mark: string): void {
  for (let look = 0; look < LOOKS; look += 1) {
    const found = marked(mark)
    if (found.length === 0) return
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
  }
}

function marked(mark: string): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid && holds(pid, mark))
  } catch {
    return []
  }
}

function holds(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
  } catch {
    return false
  }
}
