// The service's side of the starter: a small process, started while the service is small as well, that starts the
// module processes. It may end at any time: the runs under way are told that their process died, and another one is
// started at the next need.
import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import type { Socket } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { harmless } from './box.ts'
import { type LinkEvents, ModuleLink, type StartProcess } from './module-link.ts'
import { type OutputLevel, type StartSpec, killGroup } from './spawn-module.ts'

/** `id` names a process before it has a pid. */
export type ToStarter =
  | { readonly t: 'start'; readonly id: number; readonly spec: StartSpec }
  | { readonly t: 'kill'; readonly id: number }

export type FromStarter =
  /** With the process's channel as its handle. */
  | { readonly t: 'channel'; readonly id: number }
  /** The channel is the service's alone now: only then may anything be asked of the module. */
  | { readonly t: 'started'; readonly id: number; readonly pid: number }
  | { readonly t: 'output'; readonly id: number; readonly level: OutputLevel; readonly text: string }
  | { readonly t: 'exited'; readonly id: number; readonly how: string }

const HEAP_MIB = 64

const entry = fileURLToPath(new URL(`./starter/main${extname(import.meta.url)}`, import.meta.url))

/** Starts module processes from a process of its own. */
export interface Starter {
  readonly start: StartProcess
  /** Ends it, and whatever it has started; nothing is started any more. */
  close(): Promise<void>
}

/** Under way; the channel comes before the process is ready to be spoken to. */
interface Started {
  readonly link: ModuleLink
  readonly events: LinkEvents
  channel?: Socket
}

interface Launched {
  /** Undefined: it could not be started. */
  readonly child: ChildProcess | undefined
  readonly exited: Promise<void>
}

/** Starts the starter. */
export function createStarter({ environment, log }: { environment: NodeJS.ProcessEnv; log: Log }): Starter {
  const processes = new Map<number, Started>()
  let last = 0
  let closing = false
  let current: Launched | undefined = launch()

  function launch(): Launched {
    const { promise: exited, resolve } = Promise.withResolvers<void>()
    const end = (how: string) => {
      if (current !== launched) return
      current = undefined
      if (!closing) log.error({ how }, 'the process that starts modules ended; another one follows')
      endAll(launched.child?.pid === undefined ? `could not be started: ${how}` : undefined)
      resolve()
    }
    let child: ChildProcess | undefined
    try {
      child = forkStarter(environment)
      child.once('exit', (code, signal) => end(signal ?? `exited with code ${code}`))
      child.on('error', (error) => end(error.message))
      child.on('message', (message, handle) => receive(message as FromStarter, handle as Socket | undefined))
    } catch (thrown) {
      // Out of memory, say: told as every other end, when the first link is there to be told.
      process.nextTick(() => end(toError(thrown).message))
    }
    const launched: Launched = { child, exited }
    return launched
  }

  function endAll(how = 'ended with the process that had started it'): void {
    for (const { link, channel } of processes.values()) {
      if (link.pid !== 0) killGroup(link.pid)
      channel?.destroy()
      link.end(how)
    }
    processes.clear()
  }

  function receive(message: FromStarter, handle: Socket | undefined): void {
    const started = processes.get(message.id)
    if (!started) return
    const { link, events } = started
    switch (message.t) {
      case 'channel':
        if (handle) started.channel = handle
        return
      case 'started':
        if (started.channel) link.connect(message.pid, started.channel)
        else link.kill('was started without a channel')
        return
      case 'output':
        return events.onOutput(message.level, message.text)
      case 'exited':
        processes.delete(message.id)
        return link.end(message.how)
    }
  }

  // A starter that is gone tells so by its exit. One that was out of descriptors at its start cannot be spoken to.
  const say = (message: ToStarter) => current?.child?.send?.(message, () => undefined)
  return {
    start(spec, events) {
      last += 1
      const id = last
      const link = new ModuleLink(events, () => say({ t: 'kill', id }))
      // A reload may still be under way when the service stops: a starter that came now would keep it from ending.
      if (!closing) current ??= launch()
      if (current) {
        processes.set(id, { link, events })
        say({ t: 'start', id, spec })
      } else process.nextTick(() => link.end('was not started, since the service stops'))
      return link
    },
    async close() {
      closing = true
      current?.child?.stdin?.destroy()
      await current?.exited
    },
  }
}

function forkStarter(environment: NodeJS.ProcessEnv): ChildProcess {
  const cache = getCompileCacheDir()
  return fork(entry, [], {
    // With a compile cache it starts in a third of the time.
    env: { ...harmless(environment), ...(cache && { NODE_COMPILE_CACHE: join(cache, 'starter') }) },
    // The debugger, which SIGUSR1 asks for, would open it to whoever may signal it.
    execArgv: [
      `--max-old-space-size=${HEAP_MIB}`,
      '--disable-warning=ExperimentalWarning',
      '--disable-sigusr1',
    ],
    // Its input ends with this process, however that ends.
    stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
  })
}
