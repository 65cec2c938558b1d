// Who used the processors while something was measured: the server, the generator, or strangers. On a machine
// that others use, a slice in which strangers took much says nothing. Linux alone; elsewhere the shares are null.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'

/** The kernel's unit of CPU time in /proc, in ms. */
const TICK_MS = 10

export interface Usage {
  readonly seconds: number
  /** CPU seconds of the measured process and of children that it has waited for. */
  readonly serverCpu: number | null
  /** The share of all processors that other processes took, 0..1. */
  readonly strangers: number | null
}

/** Starts to measure; the answer ends it. `companions`: our other processes that still run. */
export function startMeter(server: number, companions: readonly number[] = []): () => Usage {
  const ours = [process.pid, server, ...companions]
  const cpuOf = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + cpuTicks(pid), 0)
  const before = {
    at: performance.now(),
    server: cpuOf([server]),
    ours: cpuOf(ours),
    machine: machineTicks(),
  }
  return () => {
    const seconds = (performance.now() - before.at) / 1_000
    const machine = machineTicks()
    if (machine === null || before.machine === null) return { seconds, serverCpu: null, strangers: null }
    const others = machine - before.machine - (cpuOf(ours) - before.ours)
    const all = (seconds * 1_000 * availableParallelism()) / TICK_MS
    return {
      seconds,
      serverCpu: ((cpuOf([server]) - before.server) * TICK_MS) / 1_000,
      strangers: Math.max(0, others / all),
    }
  }
}

/** User and system time of a process and of its ended children; 0 when it is gone. */
function cpuTicks(pid: number): number {
  const stat = readProc(`/proc/${pid}/stat`)
  // The name in parentheses may hold spaces; utime is the 12th field after it.
  const numbers =
    stat
      ?.slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number) ?? []
  return [11, 12, 13, 14].reduce((sum, at) => sum + (numbers[at] ?? 0), 0)
}

/** Busy time of all processors, what the hypervisor took away included; null when this system does not tell. */
function machineTicks(): number | null {
  const line = readProc('/proc/stat')?.split('\n')[0]
  if (line === undefined) return null
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return user + nice + system + irq + softirq + steal
}

/** Resident memory of a process in MiB, or null. */
export function residentMib(pid: number): number | null {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1]
  return found === undefined ? null : Number(found) / 1_024
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
