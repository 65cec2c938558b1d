// The starter: module processes behave as those that the service starts itself, and none outlives the service.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Log, silentLog } from '../lib/log.ts'
import type { Box } from './box.ts'
import { ModuleProcess } from './module-process.ts'
import {
  deaf,
  endStarted,
  handler,
  hearing,
  init,
  isAlive,
  listening,
  never,
  specOf,
  start as startProcess,
  startRunning,
  testInNamespace,
  walls,
  writeHandler,
} from '../../testing/run/module-process.ts'
import { processTree } from './process-tree.ts'
import { type Starter, createStarter } from './starter.ts'

let starter: Starter
let errors: string[] = []
const log: Log = { ...silentLog, error: (_fields, message) => void errors.push(message) }
const secrets = { ...process.env, GITHUB_TOKEN: 'ghp_secret' }
beforeEach(() => {
  errors = []
  starter = createStarter({ environment: secrets, log })
})
afterEach(async () => {
  await endStarted()
  await starter.close()
})
const start = (body: string) => startProcess(handler(body), secrets, starter.start)
/** What to start, in scripts that know a handler's path. */
const specText = `{ handler, environment: process.env, priority: 'low', box: closedBox(handler) }`
const summaryOf = (summary: unknown) => ({ kind: 'returned', outcome: { summary } })

test('a module runs in a child of the starter, and its outcome comes back', async () => {
  const made = start(`return done([process.pid, process.ppid].join())`)
  const result = await made.run(init(), deaf, never)
  expect(result).toMatchObject(summaryOf(expect.stringMatching(new RegExp(`^${made.pid},\\d+$`))))
  expect(result).not.toMatchObject(summaryOf(`${made.pid},${process.pid}`))
})

test('processes that start at once keep their channels apart', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const heard = await Promise.all(
    names.map(async (name) => {
      const made = start(`return done(ctx.run.id + await ctx.invoke('other'))`)
      const onCall = () => Promise.resolve(`-${name}`)
      return made.run(init({ runId: name }), { ...deaf, onCall }, never)
    }),
  )
  expect(heard).toMatchObject(names.map((name) => summaryOf(`${name}-${name}`)))
})

test('what it prints becomes log lines, and how it ended is told', async () => {
  const ears = listening(2)
  const made = start(`console.log('out'); console.error('err'); await ctx.invoke('heard'); process.exit(3)`)
  expect(await made.run(init(), ears, never)).toEqual({
    kind: 'died',
    how: 'exited with code 3',
  })
  expect(ears.lines.toSorted()).toEqual([
    ['info', 'out'],
    ['warn', 'err'],
  ])
})

testInNamespace(
  'a module that spins is killed with what it has started, in whatever session that is',
  async () => {
    const body = `
    const { spawn } = await import('node:child_process')
    const sleeping = spawn('sleep', ['600'], { stdio: 'ignore', detached: true })
    await new Promise((resolve) => sleeping.once('spawn', resolve))
    await ctx.notify('started')
    for (;;) {}
  `
    const made = startRunning(handler(body), ['sleep'], starter.start)
    const stop = new AbortController()
    let tree: number[] = []
    const hear = hearing(() => {
      tree = processTree(made.pid)
      setImmediate(() => stop.abort(new Error('timeout')))
    })
    const killed = { kind: 'died', how: 'was killed by SIGKILL' }
    expect(await made.run(init(), hear, stop.signal)).toEqual(killed)
    // bubblewrap twice, Node, and what it has started.
    expect(tree).toHaveLength(4)
    await expect.poll(() => tree.filter(isAlive)).toEqual([])
  },
)

test('a handler whose folder is gone is told so', async () => {
  const gone = new ModuleProcess(specOf('/nowhere/at/all/handler.ts', secrets), starter.start)
  const died = { kind: 'died', how: expect.stringMatching(/^could not be started: /) }
  expect(await gone.run(init(), deaf, never)).toEqual(died)
})

test('one that is killed before it is there never runs', async () => {
  const made = start(`return done('ran')`)
  await made.kill()
  expect(await made.run(init(), deaf, never)).toEqual({ kind: 'died', how: 'was killed by SIGKILL' })
})

test.runIf(existsSync('/proc/self/environ'))('no secret is in the starter’s environment', async () => {
  const made = start(`return done(String(process.ppid))`)
  const result = await made.run(init(), deaf, never)
  const pid = (result as { outcome: { summary: string } }).outcome.summary
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/secret|GITHUB/)
})

test('when the starter ends, runs are told that their process died, and the next one has a new starter', async () => {
  const made = start(`await ctx.notify(String(process.ppid)); for (;;) {}`)
  const killStarter = hearing((text) => void process.kill(Number(text), 'SIGKILL'))
  expect(await made.run(init(), killStarter, never)).toEqual({
    kind: 'died',
    how: 'ended with the process that had started it',
  })
  await expect.poll(() => isAlive(made.pid)).toBe(false)
  expect(errors).toEqual(['the process that starts modules ended; another one follows'])
  expect(await start(`return done('on')`).run(init(), deaf, never)).toMatchObject(summaryOf('on'))
})

test('a starter that cannot be started ends the runs that need it, and the next one is tried afresh', async () => {
  // Node throws at once for what the system refuses as it does for a variable that no environment can hold.
  const environment = { PATH: 'a\0b' }
  const without = createStarter({ environment, log })
  const file = writeHandler(handler(`return done('on')`))
  for (const _attempt of [1, 2]) {
    const made = new ModuleProcess(specOf(file, secrets), without.start)
    expect(await made.run(init(), deaf, never)).toEqual({
      kind: 'died',
      how: expect.stringMatching(/^could not be started: .*null bytes/),
    })
  }
  environment.PATH = process.env['PATH'] ?? ''
  const made = new ModuleProcess(specOf(file, secrets), without.start)
  expect(await made.run(init(), deaf, never)).toMatchObject(summaryOf('on'))
  await without.close()
})

test('a service that is out of descriptors when it needs a starter tells so, and goes on', async () => {
  const script = `
    import { closeSync, openSync } from 'node:fs'
    import { closedBox } from '${import.meta.dirname}/box.ts'
    import { createStarter } from '${import.meta.dirname}/starter.ts'
    import { ModuleProcess } from '${import.meta.dirname}/module-process.ts'
    import { silentLog } from '${import.meta.dirname}/../lib/log.ts'
    const [handler, init] = process.argv.slice(2)
    const open = []
    try { for (;;) open.push(openSync('/dev/null')) } catch {}
    const { start, close } = createStarter({ environment: process.env, log: silentLog })
    const run = () => {
      const made = new ModuleProcess(${specText}, start)
      return made.run(JSON.parse(init), { onCall: async () => null, onLog() {} }, new AbortController().signal)
    }
    const without = [await run(), await run()]
    for (const descriptor of open) closeSync(descriptor)
    console.log(JSON.stringify([...without, await run()]))
    await close()
  `
  const files = [writeHandler(script), writeHandler(handler(`return done('on')`)), JSON.stringify(init())]
  const few = [
    '-c',
    'ulimit -n 100 && exec "$0" "$@"',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
  ]
  const results: unknown = JSON.parse(
    execFileSync('sh', [...few, ...files], { encoding: 'utf8', timeout: 50_000 }),
  )
  const died = { kind: 'died', how: expect.stringMatching(/^could not be started: .*EMFILE/) }
  expect(results).toMatchObject([died, died, summaryOf('on')])
})

test('the signals that end the service in order leave the starter to it', async () => {
  const made = start(`await ctx.notify(String(process.ppid)); return done('on')`)
  const signal = hearing((text) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(Number(text), name)
  })
  expect(await made.run(init(), signal, never)).toMatchObject(summaryOf('on'))
  expect(await start(`return done('and on')`).run(init(), deaf, never)).toMatchObject(summaryOf('and on'))
  expect(errors).toEqual([])
})

test('closing it ends what it has started, and is no error', async () => {
  const made = start(`await ctx.notify(String(process.ppid)); for (;;) {}`)
  let starterPid = 0
  const heard = new Promise<void>((resolve) => {
    const hear = hearing((text) => {
      starterPid = Number(text)
      resolve()
    })
    void made.run(init(), hear, never)
  })
  await heard
  await starter.close()
  await expect.poll(() => [isAlive(made.pid), isAlive(starterPid)]).toEqual([false, false])
  expect(errors).toEqual([])
})

test('after it was closed nothing is started any more', async () => {
  await starter.close()
  const late = new ModuleProcess(specOf(writeHandler(handler(`return done('ran')`)), secrets), starter.start)
  const died = { kind: 'died', how: 'was not started, since the service stops' }
  expect(await late.run(init(), deaf, never)).toEqual(died)
  await late.kill()
  expect(errors).toEqual([])
})

// Node itself says nothing of the end of a process that is taking a channel over.
test('when the service is killed while a channel is on its way, the starter ends, and the module with it', async () => {
  const busy = `${service('starter')}; for (;;) {}`
  const files = [writeHandler(busy), writeHandler(handler('')), JSON.stringify(init())]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...files], {
    stdio: 'ignore',
  })
  const below: number[] = []
  await expect
    .poll(
      () => {
        below.splice(0, Infinity, ...childrenOf(child.pid ?? 0))
        below.push(...below.flatMap(childrenOf))
        return below
      },
      { timeout: 20_000 },
    )
    .toHaveLength(2)
  child.kill('SIGKILL')
  await expect.poll(() => below.map(isAlive), { timeout: 10_000 }).toEqual([false, false])
})

function childrenOf(pid: number): number[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  return all
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([id, parent]) => (parent === pid && id !== undefined ? [id] : []))
}

// The service's part, in a process that can be killed; it prints the ids of all that it has started.
const service = (way: 'starter' | 'child', box: Partial<Box> = {}) => `
  import { closedBox } from '${import.meta.dirname}/box.ts'
  import { createStarter } from '${import.meta.dirname}/starter.ts'
  import { startHere } from '${import.meta.dirname}/module-link.ts'
  import { ModuleProcess } from '${import.meta.dirname}/module-process.ts'
  import { processTree } from '${import.meta.dirname}/process-tree.ts'
  import { silentLog } from '${import.meta.dirname}/../lib/log.ts'
  const [handler, init] = process.argv.slice(2)
  const way = '${way}' === 'child' ? startHere : createStarter({ environment: process.env, log: silentLog }).start
  const spec = ${specText}
  const made = new ModuleProcess({ ...spec, box: { ...spec.box, ...${JSON.stringify(box)} } }, way)
  const onCall = async () => console.log(processTree(process.pid).slice(1).join())
  void made.run(JSON.parse(init), { onCall, onLog() {} }, new AbortController().signal)
`

const DEATHS = [
  { way: 'starter', killed: 'the service' },
  { way: 'starter', killed: 'the service and the starter' },
  { way: 'child', killed: 'the service' },
] as const

/** Kills what has started a module, which is printed by then, and waits for all that it has started. */
async function killStarted(body: string, { way, killed }: (typeof DEATHS)[number], box: Partial<Box>) {
  const files = [writeHandler(service(way, box)), writeHandler(handler(body)), JSON.stringify(init())]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pids = await new Promise<number[]>((resolve) => {
    child.stdout.once('data', (line: Buffer) => resolve(line.toString().split(',').map(Number)))
  })
  expect(pids.every(isAlive)).toBe(true)
  child.kill('SIGKILL')
  if (killed !== 'the service') process.kill(pids[0] ?? 0, 'SIGKILL')
  await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([])
  return pids.length
}

for (const death of DEATHS) {
  const title = `when ${death.killed} is killed, by way of ${death.way}`
  test.runIf(walls.setpriv)(`${title}, a module that spins ends`, async () => {
    const box = { walls: { ...walls, namespace: null } }
    await killStarted(`await ctx.notify('spins'); for (;;) {}`, death, box)
  })

  testInNamespace(
    `${title}, a module that spins in its namespace ends with all that it has started`,
    async () => {
      const body = `
      const { spawn } = await import('node:child_process')
      spawn('sleep', ['600'], { stdio: 'ignore', detached: true })
      await ctx.notify('spins')
      for (;;) {}
    `
      const count = await killStarted(body, death, { walls, run: ['sleep'] })
      expect(count).toBe(death.way === 'starter' ? 5 : 4)
    },
  )
}
