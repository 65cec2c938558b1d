// The walls around module processes: a module that means harm tries every row of the table in SECURITY.md behind each
// of them, and what is open is what the table says. HOOKYARD_OTHER_NODES: further Node binaries, separated by colons.
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type ListenOptions, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { closedBox } from '../../packages/hookyard/src/run/box.ts'
import { ModuleProcess } from '../../packages/hookyard/src/run/module-process.ts'
import { deaf, init, reason, walls } from '../../packages/hookyard/testing/run/module-process.ts'
import { PROBES, PROBING } from './box-probes.ts'

const root = resolve(import.meta.dirname, '../..')
/** Without Node's permission model, as for what a granted program does. A trace that cannot be written hangs its process. */
const bare = vi.hoisted(() => ({ now: false }))
vi.mock(import('../../packages/hookyard/src/run/box.ts'), async (original) => {
  const real = await original()
  return {
    ...real,
    permissionFlags: (...given) =>
      bare.now ? ['--trace-event-file-pattern=/dev/null'] : real.permissionFlags(...given),
  }
})

const WALLS = ['permission', 'namespace', 'both'] as const
type Wall = (typeof WALLS)[number]
type Found = Readonly<Record<string, 'open' | 'shut'>>

const own = process.execPath
const nodes = [own, ...(process.env['HOOKYARD_OTHER_NODES'] ?? '').split(delimiter).filter(Boolean)]
const versionOf = (node: string) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()

/** SECURITY.md: what each wall leaves open, by probe. */
function tableOf(wall: Wall, version: string): Found {
  const text = readFileSync(join(root, 'SECURITY.md'), 'utf8')
  const rows = text.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    return cells.length === 7 && /^(open|shut)/.test(cells[2] ?? '') ? [cells.slice(1, 6)] : []
  })
  const column = wall === 'both' ? 4 : wall === 'namespace' ? 3 : Number(version.slice(1, 3)) < 25 ? 1 : 2
  return Object.fromEntries(
    rows.map((cells) => [cells[0], cells[column]?.startsWith('open') ? 'open' : 'shut'] as const),
  )
}

/** What the probes aim at, made once. */
const world = { secrets: [] as string[], database: '', other: '', temporary: '', elsewhere: '', cache: '' }
const heard = { udp: 0, connected: 0 }
const closers: (() => unknown)[] = []
const at: Record<string, unknown> = {}

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-service-'))
  const put = (path: string, text: string) => {
    mkdirSync(join(dir, path, '..'), { recursive: true })
    writeFileSync(join(dir, path), text)
    return join(dir, path)
  }
  world.secrets = [put('hookyard.yaml', 'repos: []'), put('.env', 'A=b'), put('data/server.json', '{"a":1}')]
  world.database = join(dir, 'data/hookyard.db')
  world.other = put('modules/other/handler.ts', 'export default {}')
  world.temporary = put('temporary/file', 'x')
  world.cache = join(put('cache/entry', 'x'), '..')
  world.elsewhere = join(dir, 'elsewhere')
  mkdirSync(world.elsewhere)
  const database = new DatabaseSync(world.database)
  database.exec('create table t (a); insert into t values (1)')
  database.close()

  // Held open while processes are started.
  const inodes = [...world.secrets, world.database].map((file) => {
    const held = openSync(file, 'r+')
    closers.push(() => closeSync(held))
    return fstatSync(held).ino
  })
  const victim = spawn(own, ['-e', 'setInterval(() => {}, 1000)', 'victim-of-probes'], {
    stdio: 'ignore',
    env: { VICTIM: 'yes' },
  })
  closers.push(() => victim.kill('SIGKILL'))
  const udp = createSocket('udp4').on('message', () => (heard.udp += 1))
  await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done))
  closers.push(() => udp.close())
  const api = await listening(
    createHttpServer((_request, response) => response.end('{}')),
    { port: 0, host: '127.0.0.1' },
  )
  const socket = join(dir, 'socket')
  await listening(
    createServer(() => undefined),
    { path: socket },
  )
  const abstract = `hookyard-probe-${process.pid}`
  if (process.platform === 'linux')
    await listening(
      createServer(() => undefined),
      { path: `\0${abstract}` },
    )
  const free = await listening(createServer(), { port: 0, host: '127.0.0.1' })
  const { port } = free.address() as AddressInfo
  free.close()
  Object.assign(at, world, {
    inodes,
    victim: victim.pid,
    udp: `127.0.0.1:${udp.address().port}`,
    api: `http://127.0.0.1:${(api.address() as AddressInfo).port}/`,
    socket,
    abstract,
    port,
    modules: join(root, 'node_modules'),
    sdk: join(root, 'packages/sdk/src'),
    addon: execFileSync('find', [join(root, 'node_modules/better-sqlite3'), '-name', '*.node'], {
      encoding: 'utf8',
    })
      .split('\n')
      .find((file) => file.includes(`linux-${process.arch}`) || file.includes('Release')),
  })
})
afterAll(() => {
  for (const close of closers) close()
})
afterEach(() => {
  bare.now = false
  process.execPath = own
})

async function listening(server: Server, options: ListenOptions): Promise<Server> {
  server.listen(options)
  await once(server, 'listening')
  closers.push(() => server.close())
  return server
}

/** Runs the probes behind a wall, and adds what only the outside can see. */
async function tryAll(wall: Wall): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-hostile-'))
  const handler = join(folder, 'handler.ts')
  writeFileSync(handler, PROBING)
  symlinkSync(world.secrets[0] ?? '', join(folder, 'link'))
  bare.now = wall === 'namespace'
  const box = closedBox(handler, wall === 'permission' ? { ...walls, namespace: null } : walls)
  const environment = { PATH: process.env['PATH'] }
  const made = new ModuleProcess({ handler, environment, priority: 'low', box })
  onTestFinished(() => made.kill())
  const daemon = `daemon-of-probes-${wall}-${process.pid}`
  heard.udp = 0
  heard.connected = 0
  const knocking = setInterval(() => knock(Number(at['port'])), 20)
  const result = await made.run(
    init({ input: { ...at, folder, daemon } }),
    deaf,
    new AbortController().signal,
  )
  clearInterval(knocking)
  if (result.kind !== 'returned') throw new Error(JSON.stringify(result))
  const { details } = result.outcome as { details: Record<string, [string, string]> }
  await made.kill()
  const seen = (open: boolean): [string, string] => [open ? 'open' : 'shut', 'as seen from outside']
  const judged: Record<string, [string, string]> = {
    ...details,
    'name look-ups, datagrams': seen(heard.udp > 0),
    'a port of its own, for others to connect to': seen(heard.connected > 0),
    'a process left behind, in a session of its own': seen(runs(daemon)),
    'reports, heap snapshots and traces written elsewhere': seen(readdirSync(world.elsewhere).length > 0),
  }
  if (process.env['HOOKYARD_ATTACK_TABLE']) console.log(wall, versionOf(process.execPath), judged)
  return Object.fromEntries(Object.entries(judged).map(([name, [found]]) => [name, found as 'open' | 'shut']))
}

function knock(port: number): void {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.on('connect', () => {
    heard.connected += 1
    socket.destroy()
  })
}

const runs = (mark: string): boolean =>
  execFileSync('ps', ['-A', '-o', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .some((line) => line.includes(mark) && !line.startsWith('Z'))

for (const node of nodes) {
  const version = versionOf(node)
  for (const wall of WALLS) {
    const here = wall === 'permission' || walls.namespace !== null
    const title = `behind ${wall}, by Node ${version}, is open what SECURITY.md says`
    test.runIf(here)(
      here ? title : `${title} (skipped, no namespace: ${reason})`,
      async () => {
        process.execPath = node
        const found = await tryAll(wall)
        expect(found).toEqual(tableOf(wall, version))
        expect(Object.keys(found)).toEqual(PROBES.map(({ name }) => name))
      },
      300_000,
    )
  }
}
