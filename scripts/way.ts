// Counts the way of one webhook: `npm run way`. The service runs in this process, between stand-ins; one official
// `pull_request` passes through it to a review and a message, while V8 counts the functions that are entered, in the
// main thread and in the store's. What the module's own process does is not counted. Prints files in the order in
// which they were first entered, with the lines of what was entered; `--json` prints the same as one document.
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { officialPayload } from '@hookyard/standins/payloads'
import { closeInstallations, openInstallation, until } from '../test/installation.ts'

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}
interface Script {
  readonly url: string
  readonly functions: readonly { readonly ranges: readonly Range[] }[]
}
/** One V8 isolate's profiler. */
type Ask = (method: string, params?: object) => Promise<{ result?: readonly Script[] }>

const root = resolve(import.meta.dirname, '..')

/** The main thread, and each worker thread that there is. */
async function profilers(): Promise<Ask[]> {
  const session = new Session()
  session.connect()
  const answers = new EventEmitter()
  const workers: string[] = []
  session.on('NodeWorker.attachedToWorker', ({ params }) => void workers.push(params.sessionId))
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const { id, result } = JSON.parse(params.message) as { id?: number; result: object }
    if (id !== undefined) answers.emit(`${params.sessionId}:${id}`, result)
  })
  const here: Ask = (method, params) =>
    new Promise((resolve, reject) =>
      session.post(method, params, (error, result) =>
        error ? reject(error) : resolve(result as Awaited<ReturnType<Ask>>),
      ),
    )
  await here('NodeWorker.enable', { waitForDebuggerOnStart: false })
  let last = 0
  const inWorker =
    (sessionId: string): Ask =>
    async (method, params) => {
      const id = (last += 1)
      const answer = once(answers, `${sessionId}:${id}`)
      await here('NodeWorker.sendMessageToWorker', {
        sessionId,
        message: JSON.stringify({ id, method, params }),
      })
      return ((await answer) as [Awaited<ReturnType<Ask>>])[0]
    }
  const all = [here, ...workers.map(inWorker)]
  for (const ask of all) {
    await ask('Profiler.enable')
    await ask('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    await ask('Profiler.takePreciseCoverage') // what ran before does not count
  }
  return all
}

/** For a machine that has other things to do. */
const PATIENCE_MS = 240_000

/** Lines entered, by file, in the order of their first entry. */
const way = new Map<string, Set<number>>()
const texts = new Map<string, string>()

function note({ url, functions }: Script): void {
  if (!url.startsWith('file://')) return
  const path = fileURLToPath(url)
  const file = relative(root, path)
  if (!/^(?:packages\/(?:hookyard|sdk)\/src|modules)\//.test(file)) return
  const text = texts.get(path) ?? readFileSync(path, 'utf8')
  texts.set(path, text)
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  for (const { ranges } of functions) {
    const [range] = ranges
    if (!range || range.count === 0) continue
    const lines = way.get(file) ?? new Set<number>()
    way.set(file, lines)
    for (let line = lineAt(range.startOffset); line <= lineAt(range.endOffset); line += 1) lines.add(line)
  }
}

const payload = officialPayload('pull_request', 'opened')
const at = await openInstallation({
  users: [
    { name: 'alice', role: 'admin', chat_id: 111, repos: ['codertocat/*'], features: { pr_review: true } },
  ],
  config: { repos: ['codertocat/*'] },
})
at.github.seedFromPayload(payload)
const isolates = await profilers()
const look = async () => {
  for (const ask of isolates)
    for (const script of (await ask('Profiler.takePreciseCoverage')).result ?? []) note(script)
}
await at.post('pull_request', payload)
await until(
  'the message',
  async () => {
    await look()
    return at.telegram.messages.length > 0
  },
  PATIENCE_MS,
)
await look()
await closeInstallations()

const files = [...way].map(([file, lines]) => ({ file, lines: lines.size }))
const total = { files: files.length, lines: files.reduce((sum, { lines }) => sum + lines, 0) }
if (process.argv.includes('--json')) console.log(JSON.stringify({ total, files }, null, 2))
else {
  for (const { file, lines } of files) console.log(`${String(lines).padStart(6)}  ${file}`)
  console.log(`${total.lines} lines of ${total.files} files`)
}
process.exit(0)
