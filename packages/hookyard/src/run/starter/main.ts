// The starter: a small process that starts the module processes, since forking the large one that takes deliveries
// in stops it. It hands each process's channel over, so that messages pass it by; it imports no more than it needs.
import type { Socket } from 'node:net'
import { type SpawnedModule, spawnModule } from '../spawn-module.ts'
import { removeLeftFolders } from '../boxed-command.ts'
import type { FromStarter, ToStarter } from '../starter.ts'

const modules = new Map<number, SpawnedModule>()

// It ends with the service: the signals of a terminal or a service manager reach both, and the service decides. Its
// input tells, which nobody writes to: Node emits no `disconnect` while it waits for a channel to be taken over.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.stdin.resume().on('close', () => {
  for (const module of modules.values()) module.kill()
  for (const module of modules.values()) module.end()
  process.exit(0)
})
removeLeftFolders()
process.on('message', (message: ToStarter) => {
  if (message.t === 'start') start(message)
  else modules.get(message.id)?.kill()
})

function start({ id, spec }: Extract<ToStarter, { t: 'start' }>): void {
  const module = spawnModule(spec, {
    onOutput: (level, text, taken) => say({ t: 'output', id, level, text }, undefined, taken),
    onExit(how) {
      modules.delete(id)
      say({ t: 'exited', id, how })
    },
  })
  modules.set(id, module)
  if (!module.channel) return
  say({ t: 'channel', id }, module.channel)
  // Node keeps this back until the service has taken the channel and ours is closed: until then it might read a line
  // of it. A module says nothing before it is asked.
  say({ t: 'started', id, pid: module.pid })
}

function say(message: FromStarter, handle?: Socket, said: () => void = () => undefined): void {
  process.send?.(message, handle, undefined, said)
}
