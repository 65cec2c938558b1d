// The service's side of the starter: a small process, started while the service is small as well, that starts the
// module processes. It may end at any time: the runs under way are told that their process died, and another one is
// started at the next need.
import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { starterEnvironment } from './module-environment.ts'
import { type LinkEnd, type LinkEvents, type StartProcess, createLink } from './module-link.ts'
import { killGroup } from './spawn-module.ts'
import type { FromStarter, ToStarter } from './starter/wire.ts'

const HEAP_MIB = 64

const entry = fileURLToPath(new URL(`./starter/main${extname(import.meta.url)}`, import.meta.url))

/** Starts module processes from a process of its own. */
export interface Starter {
  readonly start: StartProcess
  /** Ends it, and whatever it has started; nothing is started any more. */
  close(): Promise<void>
}

interface StarterProcess extends Starter {
  readonly ended: boolean
}

/** Starts the starter. */
export function createStarter(options: { environment: NodeJS.ProcessEnv; log: Log }): Starter {
  let current = launch(options)
  let closed = false
  return {
    start(...process) {
      // A reload may still be under way when the service stops: a starter that came now would keep it from ending.
      if (current.ended && !closed) current = launch(options)
      return current.start(...process)
    },
    close() {
      closed = true
      return current.close()
    },
  }
}

/** Under way; the channel comes before the process is ready to be spoken to. */
interface Started {
  readonly link: LinkEnd
  readonly events: LinkEvents
  channel?: Socket
}

function launch({ environment, log }: { environment: NodeJS.ProcessEnv; log: Log }): StarterProcess {
  const processes = new Map<number, Started>()
  let last = 0
  let closing = false
  let ended = false
  let child: ChildProcess | undefined
  const exited = new Promise<void>((resolve) => {
    const end = (how: string) => {
      if (ended) return
      ended = true
      if (!closing) log.error({ how }, 'the process that starts modules ended; another one follows')
      for (const { link, channel } of processes.values()) {
        if (link.pid !== 0) killGroup(link.pid)
        channel?.destroy()
        link.end(
          child?.pid === undefined
            ? `could not be started: ${how}`
            : 'ended with the process that had started it',
        )
      }
      resolve()
    }
    try {
      child = forkStarter(environment)
    } catch (thrown) {
      // Out of memory, say: told as every other end, when the first link is there to be told.
      process.nextTick(() => end(toError(thrown).message))
      return
    }
    child.once('exit', (code, signal) => end(signal ?? `exited with code ${code}`))
    child.on('error', (error) => end(error.message))
    child.on('message', (message, handle) => receive(message as FromStarter, handle as Socket | undefined))
  })

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
  const say = (message: ToStarter) => child?.send?.(message, () => undefined)
  return {
    get ended() {
      return ended
    },
    start(spec, events) {
      last += 1
      const id = last
      const link = createLink(events, () => say({ t: 'kill', id }))
      if (ended) {
        process.nextTick(() => link.end('was not started, since the service stops'))
        return link
      }
      processes.set(id, { link, events })
      say({ t: 'start', id, spec })
      return link
    },
    close() {
      closing = true
      child?.stdin?.destroy()
      return exited
    },
  }
}

function forkStarter(environment: NodeJS.ProcessEnv): ChildProcess {
  return fork(entry, [], {
    env: starterEnvironment(environment),
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
