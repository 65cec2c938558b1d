// Asks /health every 10 ms on connections of its own until its input ends: `node poll-health.ts PORT`. Prints one line of
// JSON: the latencies in ms, from the moment a question was due.
import { Agent, get } from 'node:http'
import { Durations } from '../load/quantiles.ts'

const EVERY_MS = 10

const port = Number(process.argv[2])
const agent = new Agent({ keepAlive: true })
const latencies = new Durations()
let underWay = 0
let failed = 0

const timer = setInterval(() => {
  const due = performance.now()
  underWay += 1
  const done = () => (underWay -= 1)
  get({ port, host: '127.0.0.1', path: '/health', agent }, (answer) => {
    answer.resume().once('end', () => {
      latencies.add(performance.now() - due)
      done()
    })
  }).on('error', () => {
    failed += 1
    done()
  })
}, EVERY_MS)

process.stdin
  .on('end', () => {
    clearInterval(timer)
    const print = setInterval(() => {
      if (underWay > 0) return
      clearInterval(print)
      const [p50 = 0, p99 = 0, max = 0] = latencies.at(0.5, 0.99, 1)
      process.stdout.write(`${JSON.stringify({ asked: latencies.count, failed, p50, p99, max })}\n`)
      agent.destroy()
    }, EVERY_MS)
  })
  .resume()
