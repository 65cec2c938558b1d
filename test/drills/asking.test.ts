// A process that asks dies at every point where it writes, and is started again: the question is asked once, one
// answer counts, the work behind it is done, and only the window that docs/adr/0006 names may send a message twice.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openSqliteStore } from '../../packages/hookyard/src/store/sqlite/open.ts'

const children = new Set<ReturnType<typeof spawn>>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Runs the program until it ends; answers with the signal that ended it, or null. */
async function live(dir: string, point: string, mode: string): Promise<string | null> {
  const program = join(import.meta.dirname, 'asking-child.ts')
  const child = spawn(process.execPath, [program, dir, point, mode], { stdio: ['ignore', 'ignore', 'pipe'] })
  children.add(child)
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  children.delete(child)
  if (code !== 0 && signal !== 'SIGKILL')
    throw new Error(`the program ended with ${code ?? signal}:\n${output}`)
  return signal
}

const BOTH = (name: string, times = 1) =>
  Array.from({ length: times }, (_, n) => [`${name}:before:${n + 1}`, `${name}:after:${n + 1}`]).flat()
const BY_PERSON = [
  ...BOTH('create'),
  'claim:after:1',
  ...BOTH('settle', 2),
  ...BOTH('sent', 2),
  ...BOTH('answer'),
  'claim:after:2',
  ...BOTH('journaled'),
]
const BY_TIME = ['settle:after:1', 'expireQuestions:after:1', 'claim:after:2', 'settle:before:2']

test.each([...BY_PERSON.map((point) => [point, 'person']), ...BY_TIME.map((point) => [point, 'time'])])(
  'killed at %s, answered by %s',
  async (point, mode) => {
    const dir = mkdtempSync(join(tmpdir(), 'hookyard-asking-'))
    expect(await live(dir, point, mode), 'it dies at this point').toBe('SIGKILL')
    expect(await live(dir, 'never', mode)).toBeNull()

    const answer = mode === 'person' ? 'yes' : 'no'
    const by = mode === 'person' ? 'alice' : null
    const store = await openSqliteStore({ file: join(dir, 'hookyard.db'), readOnly: true })
    try {
      const runs = await store.runs.list({ limit: 10 })
      expect(runs).toHaveLength(1)
      expect(runs[0]).toMatchObject({
        status: 'done',
        summary: `done: ${answer}`,
        questions: [{ ordinal: 1, answer, answeredBy: by }],
        costUsd: 0.5,
      })
      expect(runs[0]?.questions).toHaveLength(1)
    } finally {
      await store.close()
    }
    const effects = readFileSync(join(dir, 'effects.txt'), 'utf8').trim().split('\n')
    const count = (line: string) => effects.filter((effect) => effect === line).length
    const doubled = (nth: number) => (point === `sent:before:${nth}` ? 2 : 1)
    expect(count('message Go on?')).toBe(doubled(1))
    expect(count(`message done: ${answer}`)).toBe(doubled(2))
    expect(count(`resumed with ${answer} and {"step":1}`)).toBeGreaterThanOrEqual(1)
    expect(effects.filter((effect) => !/^(asked|message |resumed with )/.test(effect))).toEqual([])

    const events = join(dir, 'modules', 'asker', 'events')
    const files = readdirSync(events).filter((name) => name.endsWith('.json'))
    expect(files).toHaveLength(1)
    const entry = JSON.parse(readFileSync(join(events, files[0] ?? ''), 'utf8')) as {
      details: { answers: unknown[] }
    }
    expect(entry.details.answers).toMatchObject([{ answer, by }])
  },
)

test('a program that nobody kills asks once and works once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-asking-'))
  expect(await live(dir, 'never', 'person')).toBeNull()
  expect(readFileSync(join(dir, 'effects.txt'), 'utf8').trim().split('\n')).toEqual([
    'asked',
    'message Go on?',
    'resumed with yes and {"step":1}',
    'message done: yes',
  ])
})
