// A module that spins cannot notice that its service is gone; this thread can, and ends its group with it.
import { Worker } from 'node:worker_threads'

/** Ends this process, and what it has started, when its parent dies, whatever the main thread is doing. */
export function followParent(): void {
  const watch = `
    const { workerData } = require('node:worker_threads')
    setInterval(() => { if (process.ppid !== workerData) process.kill(-process.pid, 'SIGKILL') }, 500)
  `
  const worker = new Worker(watch, { eval: true, workerData: process.ppid, stdin: false })
  worker.unref()
}
