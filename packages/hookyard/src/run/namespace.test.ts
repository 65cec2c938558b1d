// A module in a namespace: it has what was granted and nothing else, all that it starts counts as its own, and nothing
// of a run stays.
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { chmodSync, mkdirSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { NO_NEEDS } from '../config/needs.ts'
import { manifestOf } from '../../testing/registry/manifests.ts'
import { type Box, closedBox } from './box.ts'
import { findWalls } from './find-walls.ts'
import { ModuleProcess } from './module-process.ts'
import {
  deaf,
  endStarted,
  handler,
  hearing,
  init,
  never,
  specOf,
  startRunning,
  testInNamespace,
  walls,
  writeHandler,
} from '../../testing/run/module-process.ts'
import { ownStarter } from '../../testing/run/warm-start.ts'
import { startHere } from './module-link.ts'
import { createProcessPool } from './process-pool.ts'
import { processTree } from './process-tree.ts'

afterEach(endStarted)

const imports = `
  const fs = await import('node:fs')
  const { execFileSync, spawn } = await import('node:child_process')
  const attempt = (act) => { try { return String(act()).trim() } catch (error) { return error.code ?? error.message } }
`
const folder = () => realpathSync(mkdtempSync(join(tmpdir(), 'hookyard-granted-')))

/** What a handler with this body in such a box is done with. */
async function summaryOf(body: string, box: Partial<Box>): Promise<unknown> {
  const spec = specOf(writeHandler(handler(`${imports}\n${body}`)))
  const made = new ModuleProcess({ ...spec, box: { ...spec.box, ...box } }, ownStarter.start)
  onTestFinished(() => made.kill())
  const result = await made.run(init(), deaf, never)
  return result.kind === 'returned' ? (result.outcome as { summary: string }).summary : result
}

testInNamespace('of programs it has those that were granted, and no other', async () => {
  const body = `return done([
    attempt(() => execFileSync('git', ['--version'])),
    attempt(() => execFileSync('cat', ['/etc/passwd'])),
    attempt(() => execFileSync('sh', ['-c', 'echo /bin/* /usr/bin/* /etc/*'])),
  ].join('|'))`
  expect(await summaryOf(body, { walls, run: ['git', 'sh'] })).toMatch(
    /^git version [^|]+\|ENOENT\|\/bin\/\* \/usr\/bin\/git \/usr\/bin\/sh \/etc\/\*$/,
  )
})

test.each(['in a namespace', 'without one'])('of files it has those that were granted: %s', async (where) => {
  if (where === 'in a namespace' && walls.namespace === null) return
  const [read, write, other] = [folder(), folder(), folder()]
  for (const dir of [read, write, other]) writeFileSync(join(dir, 'file'), 'text')
  const body = `return done([
    ...['${read}', '${write}', '${other}', '${read}x'].map((dir) => attempt(() => fs.readFileSync(dir + '/file'))),
    ...['${read}', '${write}'].map((dir) => attempt(() => fs.writeFileSync(dir + '/new', 'new'))),
  ].join())`
  const box = {
    read: [read],
    write: [write],
    walls: where === 'without one' ? { ...walls, namespace: null } : walls,
  }
  mkdirSync(`${read}x`)
  writeFileSync(join(`${read}x`, 'file'), 'text')
  expect(await summaryOf(body, box)).toMatch(
    /^text,text,(ENOENT|ERR_ACCESS_DENIED),(ENOENT|ERR_ACCESS_DENIED),ERR_ACCESS_DENIED,undefined$/,
  )
  expect(readdirSync(read)).toEqual(['file'])
  expect(readFileSync(join(write, 'new'), 'utf8')).toBe('new')
})

test('without a namespace a module with a program does not start, and says why', async () => {
  expect(await summaryOf('', { run: ['git'] })).toEqual({
    kind: 'died',
    how: 'could not be started: the module may run git, which only a namespace grants',
  })
})

testInNamespace('it has no capability, gains none, and writes nowhere but below its /tmp', async () => {
  // By a granted program, which Node's model does not hold.
  const script = `
    while read -r name value; do case $name in CapBnd:|NoNewPrivs:) echo $value;; esac; done < /proc/self/status
    for folder in / /dev /dev/shm /usr /usr/lib /proc . ../ /tmp; do (: > $folder/probe) 2>/dev/null && echo $folder; done
    exit 0
  `
  const body = `return done(attempt(() => execFileSync('sh', ['-c', ${JSON.stringify(script)}])))`
  expect(await summaryOf(body, { walls, run: ['sh'] })).toBe('0000000000000000\n1\n../\n/tmp')
})

testInNamespace('memory is that of all that it has started', async () => {
  const body = `
    ${imports}
    const held = Buffer.alloc(600 * 1024 * 1024, 1)
    spawn(process.execPath, ['-e', 'const held = Buffer.alloc(600 * 1024 * 1024, 1); setInterval(() => held, 1000)'], { detached: true })
    await new Promise((resolve) => setTimeout(resolve, 600_000))
    return done(String(held.length))
  `
  expect(await startRunning(handler(body), ['git']).run(init(), deaf, never)).toEqual({
    kind: 'died',
    how: 'used more than 1024 MiB of memory and was killed',
  })
})

testInNamespace('all of it has the lowest priority', async () => {
  const made = startRunning(handler(`await ctx.notify('here'); return done('ok')`), [], startHere)
  let priorities: number[] = []
  await made.run(
    init(),
    hearing(() => (priorities = processTree(made.pid).map((pid) => getPriority(pid)))),
    never,
  )
  expect(priorities).toEqual([19, 19, 19])
  if (existsSync('/proc/self/autogroup'))
    await expect
      .poll(() =>
        processTree(made.pid).every((pid) =>
          /nice 19$/m.test(readFileSync(`/proc/${pid}/autogroup`, 'utf8')),
        ),
      )
      .toBe(true)
})

test.each(['in a namespace', 'without one'])(
  'a run that leaves a temporary file is the last of its process: %s',
  async (where) => {
    if (where === 'in a namespace' && walls.namespace === null) return
    const spec = specOf(
      writeHandler(
        handler(`
    const [fs, { tmpdir }] = [await import('node:fs'), await import('node:os')]
    fs.writeFileSync(tmpdir() + '/left', 'x')
    return done(tmpdir())
  `),
      ),
    )
    const box = { ...spec.box, walls: where === 'without one' ? { ...walls, namespace: null } : walls }
    const made = new ModuleProcess({ ...spec, box }, ownStarter.start)
    const result = await made.run(init(), deaf, never)
    expect(made.clean).toBe(false)
    await made.kill()
    const { summary } = (result as { outcome: { summary: string } }).outcome
    if (where === 'without one') expect(existsSync(summary)).toBe(false)
    else expect(summary).toBe('/tmp/module')
  },
)

testInNamespace('its compile cache is written by the process that inspects it, and by no run', async () => {
  const cache = folder()
  const body = `return done(attempt(() => fs.writeFileSync(process.env.NODE_COMPILE_CACHE + '/probe', '')))`
  expect(await summaryOf(body, { walls, cache })).toBe('EROFS')
  expect(await summaryOf(body, { walls, cache, writesCache: true })).toBe('undefined')
})

testInNamespace('a process that has inspected serves no run', async () => {
  const pool = createProcessPool({ keep: 4, environment: process.env, walls })
  onTestFinished(() => pool.close())
  const file = writeHandler(handler(''))
  const manifest = { ...manifestOf('m', { handler: file }), dir: dirname(file) }
  const module = { name: 'm', manifest, granted: NO_NEEDS }
  const inspecting = pool.inspecting(module)
  await inspecting.inspect()
  pool.release(inspecting)
  expect(pool.acquire(module, null)).not.toBe(inspecting)
})

test.each([
  ['there is no bubblewrap', null, /not on the PATH/, 'apt-get install bubblewrap'],
  [
    'the kernel forbids it',
    'echo "bwrap: setting up uid map: Permission denied" >&2; exit 1',
    /Permission denied$/,
    /AppArmor/,
  ],
  [
    'it is too old',
    'echo "bwrap: Unknown option --disable-userns" >&2; exit 1',
    /Unknown option/,
    /0\.8 or newer/,
  ],
])('%s: the reason and the fix are told, and modules start all the same', async (_what, script, why, fix) => {
  const bin = folder()
  if (script !== null) {
    writeFileSync(join(bin, 'bwrap'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, 'bwrap'), 0o755)
  }
  const found = await findWalls('required', { PATH: bin })
  expect(found.walls.namespace).toBeNull()
  expect(found.reason).toMatch(process.platform === 'linux' ? why : /has none/)
  if (process.platform === 'linux') expect(found.fix).toMatch(fix)
  const file = writeHandler(handler(`return done('on')`))
  const made = new ModuleProcess({ ...specOf(file), box: closedBox(file, found.walls) }, ownStarter.start)
  onTestFinished(() => made.kill())
  expect(await made.run(init(), deaf, never)).toMatchObject({ outcome: { summary: 'on' } })
})
