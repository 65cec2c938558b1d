// Every back-end before something real: the `claude` program as a process, the APIs as servers. A test writes down
// what the model will say, and reads what it was asked, without knowing which back-end it is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '../../../src/config/config.ts'
import { type ModelApi, openModelApi, type Script, USED, type VendorProtocol } from './model-api.ts'
import { openProgramFolder } from './program-folder.ts'
import { anthropicProtocol } from './vendors/anthropic.ts'
import { chatCompletionsProtocol } from './vendors/chat-completions.ts'
import { openaiProtocol } from './vendors/openai.ts'

/** The key that every stand wants; it must never be seen in an error. */
export const KEY = 'sk-test-do-not-show-this-key'

export type Turn =
  { readonly says: string } | { readonly fails: 'auth' | 'limited' | 'down' | 'unknown_model' } | 'hang'

export interface StandQuestion {
  readonly prompt: string
  readonly schema: unknown
  readonly model: string
}

export interface Stand {
  readonly config: Partial<Config['agent']>
  readonly environment: Readonly<Record<string, string>>
  /** The model's name at the back-end, for the one that `config` names. */
  readonly model: string
  /** What one answer costs, in USD. */
  readonly answerUsd: number
  /** Enough for one question and not for two, at 20 USD per million tokens of an answer. */
  readonly scantUsd: number
  /** What the stand's refusal for too many requests asks to wait, in ms. */
  readonly waitMs: number
  script(...turns: readonly Turn[]): void
  /** All questions up to now. */
  asked(): readonly StandQuestion[]
  /** Resolves as soon as there is a question. */
  firstQuestion(): Promise<void>
  close(): Promise<void>
}

const STATUS = { auth: 401, limited: 429, down: 500, unknown_model: 404 } as const
const WAIT_MS = 7_000

/** The back-ends that ask a model. */
export const STANDS: Readonly<Record<string, () => Promise<Stand>>> = {
  'claude-cli': openProgram,
  anthropic: () =>
    openServer('anthropic', anthropicProtocol, 'claude-haiku-4-5', {
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': '2026-11-22T12:00:07Z',
    }),
  openai: () => openServer('openai', openaiProtocol, 'gpt-5.1', { 'retry-after-ms': String(WAIT_MS) }),
  'openai-compatible': () =>
    openServer('openai-compatible', chatCompletionsProtocol(), 'qwen3', { 'retry-after': '7' }),
}

/** The time at which the stands' headers were written. */
export const NOW = Date.parse('2026-11-22T12:00:00Z')

/** USD per million tokens: cached input at the price of the built-in table. */
const PRICES = { anthropic: [1, 1, 5], openai: [1.25, 0.125, 10], 'openai-compatible': [2, 2, 4] } as const

async function openServer(
  backend: 'anthropic' | 'openai' | 'openai-compatible',
  protocol: VendorProtocol,
  model: string,
  limitHeaders: Readonly<Record<string, string>>,
): Promise<Stand> {
  const api: ModelApi = await openModelApi(protocol, KEY)
  const [input, cached, output] = PRICES[backend]
  const version = backend === 'anthropic' ? '' : '/v1'
  return {
    config: {
      ...{ backend, model, apiKey: KEY, baseUrl: `${api.url}${version}` },
      ...(backend === 'openai-compatible' && { price: { input, output } }),
    },
    environment: {},
    model,
    answerUsd: ((USED.input - USED.cached) * input + USED.cached * cached + USED.output * output) / 1_000_000,
    scantUsd: 0.021,
    waitMs: WAIT_MS,
    script: (...turns) => api.script(...turns.map((turn) => scriptOf(turn, limitHeaders))),
    asked: () => api.asked,
    async firstQuestion() {
      while (api.asked.length === 0) await pause(5)
    },
    close: api.close,
  }
}

function scriptOf(turn: Turn, limitHeaders: Readonly<Record<string, string>>): Script {
  if (turn === 'hang' || 'says' in turn) return turn
  const headers = turn.fails === 'limited' ? limitHeaders : {}
  return { status: STATUS[turn.fails], message: `refused, and your key is ${KEY}`, headers }
}

// What the program printed for these statuses when it was pointed at a server that refused (2.1.330).
const SAID = {
  auth: `Failed to authenticate. API Error: 401 ${KEY}`,
  limited: 'API Error: Request rejected (429)',
  down: 'API Error: 500 no',
  unknown_model: "There's an issue with the selected model.",
}

function openProgram(): Promise<Stand> {
  const programs = openProgramFolder()
  const file = join(programs.path, 'turns.json')
  programs.add(
    'claude',
    `const turns = JSON.parse(fs.readFileSync(HERE + '/turns.json', 'utf8'))
     const n = fs.readdirSync(HERE).filter((name) => name.startsWith('asked')).length
     const flag = (name) => process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : null
     fs.writeFileSync(HERE + '/asked' + n, JSON.stringify({ prompt: stdin(), schema: JSON.parse(flag('--json-schema')), model: flag('--model') }))
     const turn = turns[n]
     const json = (text) => { try { return JSON.parse(text) } catch { return undefined } }
     if (turn === 'hang') setInterval(() => {}, 1000)
     else if (turn.fails) answer({ is_error: true, total_cost_usd: 0, api_error_status: turn.status, result: turn.said }), process.exitCode = 1
     else answer({ result: turn.says, modelUsage: { [flag('--model')]: {} }, usage: { input_tokens: ${USED.input}, output_tokens: ${USED.output} },
       ...(flag('--json-schema') && json(turn.says) ? { structured_output: json(turn.says) } : {}) })`,
  )
  const turns: unknown[] = []
  const asked = () => {
    const found: StandQuestion[] = []
    while (existsSync(join(programs.path, `asked${found.length}`))) {
      found.push(
        JSON.parse(readFileSync(join(programs.path, `asked${found.length}`), 'utf8')) as StandQuestion,
      )
    }
    return found
  }
  return Promise.resolve({
    config: { backend: 'claude-cli', model: 'haiku', apiKey: KEY },
    environment: { PATH: programs.searchPath },
    model: 'haiku',
    answerUsd: 0.01,
    scantUsd: 0.01,
    waitMs: 60_000,
    script(...next) {
      turns.push(
        ...next.map((turn) =>
          turn === 'hang' || 'says' in turn
            ? turn
            : { ...turn, status: STATUS[turn.fails], said: SAID[turn.fails] },
        ),
      )
      writeFileSync(file, JSON.stringify(turns))
    },
    asked,
    async firstQuestion() {
      await programs.written('asked0')
    },
    close: () => Promise.resolve(programs.remove()),
  })
}
