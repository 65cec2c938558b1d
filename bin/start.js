// `npm start`: the service when there is a hookyard.yaml, else the demo.
import { existsSync, readFileSync } from 'node:fs'

const command = existsSync('hookyard.yaml') ? 'start' : 'demo'
process.argv.splice(2, 0, ...(process.argv[2]?.startsWith('-') || !process.argv[2] ? [command] : []))
if (process.env.npm_lifecycle_event === 'start') endWithNpm()
await import('./hookyard.js')

/**
 * npm passes a signal on to the shell that it started, which dies of it and passes nothing on; and npm itself may be
 * killed. The service must not live on alone: it takes the end of either for a SIGTERM.
 */
function endWithNpm() {
  const before = ancestors()
  let isAsked = false
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      isAsked = true
      // Nobody else hears it yet: it ends the process, as without this listener.
      if (process.listenerCount(signal) === 1) process.exit(1)
    })
  }
  const timer = setInterval(() => {
    if (ancestors() === before) return
    clearInterval(timer)
    // A second signal would end the service at once.
    if (!isAsked) process.kill(process.pid, 'SIGTERM')
  }, 500)
  timer.unref()
}

/** The parent, and npm above it when that is npm's shell: some shells leave the program in their place. */
function ancestors() {
  const { ppid } = process
  const isShell = procFile(ppid, 'cmdline').includes('bin/start.js')
  return isShell ? `${ppid} ${/^PPid:\s*(\d+)/m.exec(procFile(ppid, 'status'))?.[1]}` : `${ppid}`
}

/** Empty where there is no /proc, or no such process. */
function procFile(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
