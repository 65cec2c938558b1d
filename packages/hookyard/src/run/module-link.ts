// The service's link to a process that runs a module: messages by its channel, what it prints, and its end. A module
// is not trusted: whatever it writes into the channel, it can end nothing but its own process.
import type { Socket } from 'node:net'
import { type Excess, MAX_MESSAGE, excessOf, isAsItBegins } from './message-limits.ts'
import { type OutputLevel, type StartSpec, spawnModule } from './spawn-module.ts'

/** Messages in one second that end a process: what sends more is a loop, and every message costs the service. */
const FLOOD_PER_SECOND = 5_000
/** Bytes that wait for a module to read them: a run's start and many answers go, but not all that a loop can ask. */
const MAX_UNREAD = 128 * 1024 * 1024
/** How long after the end of a process its channel is read, in ms. */
const LAST_WORDS_MS = 1_000

export interface LinkEvents {
  /** `characters`: how long it was on the wire. What is no JSON comes as undefined. */
  onMessage(message: unknown, characters: number): void
  /** A message goes over a limit; it was not parsed. */
  onExcess(excess: Excess): void
  onOutput(level: OutputLevel, text: string): void
  /** Once; nothing follows. */
  onEnd(how: string): void
}

/** A way to start the process of a handler file. */
export type StartProcess = (spec: StartSpec, events: LinkEvents) => ModuleLink

/** Starts it as a child of this process. */
export const startHere: StartProcess = (spec, events) => {
  const spawned = spawnModule(spec, {
    onOutput(level, text, taken) {
      events.onOutput(level, text)
      taken()
    },
    onExit: (how) => link.end(how),
  })
  const link = new ModuleLink(events, () => spawned.kill())
  if (spawned.channel) link.connect(spawned.pid, spawned.channel)
  return link
}

/** A process under way, or being started. */
export class ModuleLink {
  /** 0 until the process is there. */
  pid = 0
  readonly #events: LinkEvents
  readonly #kill: () => void
  #channel: Socket | undefined
  #waiting: unknown[] = []
  #ended = false
  #killed: string | undefined

  /** `kill` ends the process. */
  constructor(events: LinkEvents, kill: () => void) {
    this.#events = events
    this.#kill = kill
  }

  /** What is sent before the process is there waits for it. */
  send(message: unknown): void {
    const channel = this.#channel
    if (this.#ended) return
    if (!channel) return void this.#waiting.push(message)
    if (!channel.writable) return
    if (channel.writableLength <= MAX_UNREAD) channel.write(`${JSON.stringify(message)}\n`)
    else this.#abuse(`left more than ${MAX_UNREAD} bytes of what it was told unread and was killed`)
  }

  /** Ends the process with its whole group; `how` is told as its end. */
  kill(how?: string): void {
    if (this.#ended) return
    this.#killed ??= how
    this.#kill()
  }

  /** The process is there, and this is its channel. */
  connect(pid: number, channel: Socket): void {
    this.pid = pid
    this.#channel = channel
    readMessages(channel, this.#events, (how) => this.#abuse(how))
    for (const message of this.#waiting.splice(0)) this.send(message)
  }

  /** The process has ended. */
  end(how: string): void {
    if (this.#ended) return
    this.#ended = true
    const channel = this.#channel
    const tell = () => {
      channel?.destroy()
      this.#events.onEnd(this.#killed ?? how)
    }
    if (!channel || channel.closed) tell()
    else afterLastWords(channel, tell)
  }

  #abuse(how: string): void {
    this.#channel?.destroy()
    this.kill(how)
  }
}

/** What a process said last may be read after its end is told: an error that it ended with, say. */
function afterLastWords(channel: Socket, tell: () => void): void {
  // Something that it started, and that left its group, may hold the channel open.
  const late = setTimeout(() => channel.destroy(), LAST_WORDS_MS)
  channel.once('close', () => {
    clearTimeout(late)
    tell()
  })
}

/** A message per line; `onAbuse` when there is no end of them, or of one. */
function readMessages(
  channel: Socket,
  events: Pick<LinkEvents, 'onMessage' | 'onExcess'>,
  onAbuse: (how: string) => void,
): void {
  let rest = ''
  let count = 0
  let second = 0
  channel.setEncoding('utf8')
  channel.on('error', () => undefined) // The process ended under a message; its end is told by itself.
  channel.on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n')
    const lines = [rest + first, ...others]
    rest = lines.pop() ?? ''
    // It may have no end.
    if (rest.length > MAX_MESSAGE) lines.push(rest)
    const now = Math.floor(performance.now() / 1_000)
    if (now !== second) count = 0
    second = now
    for (const line of lines) {
      count += 1
      if (count > FLOOD_PER_SECOND)
        return onAbuse(`sent more than ${FLOOD_PER_SECOND} messages in a second and was killed`)
      const excess = excessOf(line)
      if (excess) {
        events.onExcess(excess)
        return void channel.destroy()
      }
      const message = parseJson(line)
      events.onMessage(isAsItBegins(line, message) ? message : undefined, line.length)
    }
  })
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
