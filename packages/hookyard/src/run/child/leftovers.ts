// What a session leaves open in this process: timers, unref'd ones too, handles, requests under way. Whatever of these
// is left may act during the next session.
import { createHook } from 'node:async_hooks'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Resources that act by themselves later; others end with what holds them, or end unseen with the garbage. */
const ACTING =
  /^(Timeout|Immediate|MESSAGEPORT|WORKER|STATWATCHER|(TCP|TCPSERVER|PIPE|PIPESERVER|UDP|PROCESS|TTY|FSEVENT|SIGNAL)WRAP)$/
/** Turns of the event loop that what has just been closed needs to be gone. */
const TURNS = 10
/** Of the names of what is left, so many are told. */
const MAX_NAMES = 20

/** What leaves by a channel, ours too; it ends when it is read. */
const WRITING = new Set(['WriteWrap', 'ShutdownWrap'])

const turn = setImmediate

/** What keeps the event loop alive: requests under way are among it. */
const active = () => process.getActiveResourcesInfo().filter((type) => !WRITING.has(type))

/** Counts from now on; what is there already belongs to the process. Answers what has come and is still there. */
export function watchResources(): () => Promise<string[]> {
  // They are made at their first use, and stay.
  void [process.stdout, process.stderr]
  const live = new Map<number, string>()
  const before = active()
  let ours = false
  const hook = {
    init(id: number, type: string) {
      if (!ours && ACTING.test(type)) live.set(id, type)
    },
    destroy: (id: number) => void live.delete(id),
    // Node before 24.12 does not know it, and is slower by it.
    trackPromises: false,
  }
  createHook(hook).enable()
  const left = () => [...live.values(), ...without(active(), before)]
  const wait = () =>
    new Promise<void>((resolve) => {
      ours = true
      turn(resolve)
      ours = false
    })
  return async () => {
    // Once at least: what the session does in the turn of its outcome belongs to it.
    for (let turns = 0; turns < TURNS; turns += 1) {
      await wait()
      if (turns > 1 && left().length === 0) break
    }
    return left().slice(0, MAX_NAMES)
  }
}

function without(types: readonly string[], taken: readonly string[]): string[] {
  const rest = [...taken]
  return types.filter((type) => {
    const at = rest.indexOf(type)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

/** What lies in this process's own temporary folder; it goes with the process, since the next session is to find nothing there. */
export function temporaryFiles(): string[] {
  try {
    return readdirSync(tmpdir())
  } catch {
    return []
  }
}
