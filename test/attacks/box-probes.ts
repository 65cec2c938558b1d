// What a module that means harm tries from its process, one probe per row of the table in SECURITY.md: text that runs
// inside, and answers whether the way is open. `at` holds the targets.
export interface Probe {
  /** The row's name. */
  readonly name: string
  /** The body of an async function of `at`; an error means shut. */
  readonly body: string
}

const NET = `
  const reach = (options) => new Promise((resolve, reject) => {
    const socket = process.getBuiltinModule('node:net').connect(options)
    socket.on('connect', () => { socket.end('x'); resolve(true) })
    socket.on('error', reject)
  })
`

export const PROBES: readonly Probe[] = [
  {
    name: 'the configuration, `.env`, `server.json`',
    body: `return at.secrets.some((file) => attempt(() => fs.readFileSync(file))
      || attempt(() => fs.readFileSync(Buffer.from(file)))
      || attempt(() => fs.readFileSync(at.folder + '/../' + path.relative(at.folder + '/..', file)))
      || attempt(() => fs.cpSync(file, os.tmpdir() + '/copy'))
      || attempt(() => fs.linkSync(file, os.tmpdir() + '/link'))
      || attempt(() => fs.symlinkSync(file, os.tmpdir() + '/symlink') || fs.readFileSync(os.tmpdir() + '/symlink'))
      || attempt(() => process.loadEnvFile(file)))
      || await fs.openAsBlob(at.secrets[0]).then((blob) => blob.text())`,
  },
  {
    name: 'the same from another folder, or by Node’s internals',
    body: `attempt(() => process.chdir(path.dirname(at.secrets[0])))
      return attempt(() => fs.readFileSync(path.basename(at.secrets[0])))
        || attempt(() => process.binding('fs').readFileUtf8(at.secrets[0], 0))`,
  },
  {
    name: 'the environment of the service, by `/proc`',
    body: `return ['/proc/' + process.ppid, '/proc/' + at.victim, '/proc/self/task/../../' + at.victim].some((one) =>
      attempt(() => fs.readFileSync(one + '/environ', 'utf8').includes('VICTIM')))`,
  },
  {
    name: 'the command lines of other processes',
    body: `return fs.readdirSync('/proc').filter(Number).some((pid) =>
      attempt(() => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').includes('victim-of-probes')))`,
  },
  {
    name: 'files of the machine through `/proc/1/root`',
    body: `return ['/proc/1/root', '/proc/self/root', '/proc/' + process.ppid + '/root', '/proc/1/cwd/../../../..'].some((root) =>
      at.secrets.some((file) => attempt(() => fs.readFileSync(root + file))))`,
  },
  {
    name: 'the database by `node:sqlite`',
    body: `const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
      const database = new DatabaseSync(at.database)
      return database.prepare('select count(*) as n from t').get().n === 1`,
  },
  {
    name: 'the database by its file, read or written',
    body: `return attempt(() => fs.readFileSync(at.database)) || attempt(() => fs.appendFileSync(at.database, 'x')) !== false
      || attempt(() => fs.truncateSync(at.database)) !== false || attempt(() => fs.rmSync(at.database)) !== false`,
  },
  {
    name: 'the folder of another module',
    body: `return attempt(() => fs.readFileSync(at.other)) || attempt(() => fs.writeFileSync(at.other, 'x')) !== false
      || attempt(() => fs.readdirSync(path.dirname(at.other)))`,
  },
  {
    name: 'its own code, or `node_modules`, changed',
    body: `return [at.folder, at.modules, at.modules + '/octokit', at.sdk].some((folder) =>
      attempt(() => fs.writeFileSync(folder + '/probe.js', 'x')) !== false || attempt(() => fs.mkdirSync(folder + '/probe')) !== false)`,
  },
  {
    name: 'temporary files of others, `/dev/shm`',
    body: `return attempt(() => fs.readFileSync(at.temporary)) || attempt(() => fs.writeFileSync('/dev/shm/probe', 'x')) !== false
      || attempt(() => fs.writeFileSync(path.dirname(at.temporary) + '/probe', 'x')) !== false`,
  },
  {
    name: 'the compile cache of others',
    body: `return attempt(() => fs.writeFileSync(at.cache + '/probe', 'x')) !== false || attempt(() => fs.readFileSync(at.cache + '/entry'))`,
  },
  {
    name: 'reports, heap snapshots and traces written elsewhere',
    body: `attempt(() => process.chdir(at.elsewhere))
      attempt(() => process.report.writeReport(at.elsewhere + '/report.json'))
      attempt(() => process.getBuiltinModule('node:v8').writeHeapSnapshot(at.elsewhere + '/probe.heapsnapshot'))
      attempt(() => process.getBuiltinModule('node:trace_events').createTracing({ categories: ['v8'] }).enable())
      await new Promise((resolve) => setTimeout(resolve, 300))`,
  },
  {
    name: 'a link in its folder that leads out of it',
    body: `return fs.readFileSync(at.folder + '/link', 'utf8').includes('repos')`,
  },
  {
    name: 'the service’s API, by loopback',
    body: `${NET}
      return (await fetch(at.api).then((answer) => answer.ok, () => false)) || reach({ port: Number(new URL(at.api).port), host: '127.0.0.1' })`,
  },
  {
    name: 'name look-ups, datagrams',
    body: `const { Resolver } = await import('node:dns/promises')
      const resolver = new Resolver({ timeout: 500, tries: 1 })
      resolver.setServers([at.udp])
      await resolver.resolve4('example.com').catch(() => undefined)
      const socket = process.getBuiltinModule('node:dgram').createSocket('udp4')
      socket.on('error', () => undefined)
      await new Promise((resolve) => socket.send('x', Number(at.udp.split(':')[1]), '127.0.0.1', resolve))`,
  },
  { name: 'a Unix socket', body: `${NET} return reach({ path: at.socket })` },
  { name: 'an abstract Unix socket', body: `${NET} return reach({ path: '\\0' + at.abstract })` },
  {
    name: 'a port of its own, for others to connect to',
    body: `const server = process.getBuiltinModule('node:net').createServer()
      await new Promise((resolve, reject) => server.on('error', reject).listen(at.port, '127.0.0.1', resolve))
      server.unref()`,
  },
  {
    name: 'signals to processes of the same user',
    body: `return process.kill(at.victim, 0) || process.kill(process.ppid, 0)`,
  },
  {
    name: 'a process left behind, in a session of its own',
    body: `const child = process.getBuiltinModule('node:child_process').spawn(process.execPath,
        ['-e', 'setInterval(() => {}, 1000) // ' + at.daemon], { detached: true, stdio: 'ignore' })
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
      child.unref()`,
  },
  {
    name: 'a child process',
    body: `return process.getBuiltinModule('node:child_process').execFileSync(process.execPath, ['-p', '6*7']).includes('42')`,
  },
  {
    name: 'a worker with flags of its own',
    body: `const { Worker } = process.getBuiltinModule('node:worker_threads')
      const worker = new Worker('process.exit(1)', { eval: true, execArgv: [] })
      return new Promise((resolve, reject) => worker.once('exit', () => resolve(true)).once('error', reject))`,
  },
  {
    name: 'the inspector',
    body: `const inspector = process.getBuiltinModule('node:inspector')
      inspector.open(0)
      return inspector.url() !== undefined`,
  },
  {
    name: 'a native addon',
    body: `process.dlopen({ exports: {} }, at.addon)
      return true`,
  },
  {
    name: 'descriptors of the service',
    body: `for (let fd = 3; fd < 256; fd += 1) if (at.inodes.includes(attempt(() => fs.fstatSync(fd))?.ino)) return true`,
  },
  {
    name: 'the disk filled by temporary files',
    body: `const file = fs.openSync(os.tmpdir() + '/probe', 'w')
      const piece = Buffer.alloc(8 * 1024 * 1024)
      try { for (let written = 0; written < 256 * 1024 * 1024; written += piece.length) fs.writeSync(file, piece) }
      finally { fs.closeSync(file); fs.rmSync(os.tmpdir() + '/probe') }
      return true`,
  },
]

/** The handler that tries them all, one after the other. */
export const PROBING = `
  import { defineModule, done } from '@hookyard/sdk'
  const fs = process.getBuiltinModule('node:fs')
  const os = process.getBuiltinModule('node:os')
  const path = process.getBuiltinModule('node:path')
  const attempt = (act) => { try { return act() ?? null } catch { return false } }
  const PROBES = {
    ${PROBES.map(({ name, body }) => `${JSON.stringify(name)}: async (at) => { ${body} }`).join(',\n')}
  }
  export default defineModule({
    async handle({ input: at }) {
      const found = {}
      let refuse
      // Some refusals are thrown where no listener hears them, and would end the run.
      process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => refuse(error))
      for (const [name, probe] of Object.entries(PROBES)) {
        const late = setTimeout(() => refuse(new Error('no answer')), 30_000)
        const refused = new Promise((_resolve, reject) => (refuse = reject))
        found[name] = await Promise.race([probe(at), refused]).then(
          (open) => [open ? 'open' : 'shut', ''],
          (error) => ['shut', error.code ?? error.message],
        )
        clearTimeout(late)
      }
      return done('tried', { details: found })
    },
  })
`
