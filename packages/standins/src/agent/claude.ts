// A scripted agent: a real program that speaks the command line of `claude -p` and costs nothing. It answers from a
// script, or by small rules; it can be held at a gate, so that others can be killed in the middle of its work.
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { UsageError, readArguments } from './arguments.ts'
import type { AgentArguments } from './arguments.ts'
import { fillSchema } from './fill-schema.ts'
import { hasDiff, readIssue } from './prompt.ts'
import { renderReview, reviewPrompt, triageIssue } from './reviewer.ts'
import { findEntry } from './script.ts'
import type { ScriptEntry } from './script.ts'

export interface AgentProcess {
  readonly argv: readonly string[]
  /** `HOOKYARD_STANDIN_SCRIPT`: file of answers; `HOOKYARD_STANDIN_GATE`: file that must exist before it answers. */
  readonly env: Readonly<Record<string, string | undefined>>
}

const VERSION = '2.1.330'
/** USD, when the script says nothing. */
const USUAL_COST = 0.0123
const GATE_POLL_MS = 20

/** Runs the program; resolves with its exit code. */
export async function main({ argv, env }: AgentProcess): Promise<number> {
  try {
    const options = readArguments(argv)
    if (options.version) return print(`${VERSION} (Claude Code)`)
    const prompt = options.prompt ?? readFileSync(0, 'utf8')
    if (!options.print || prompt.trim() === '') {
      throw new UsageError(
        'Error: Input must be provided either through stdin or as a prompt argument when using --print',
      )
    }
    await waitAtGate(env.HOOKYARD_STANDIN_GATE)
    const script = env.HOOKYARD_STANDIN_SCRIPT
    const entry = script ? findEntry(script, prompt) : null
    return await answer(options, prompt, entry ?? ownAnswer(options, prompt))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

/** `GATE.waiting` is there as long as it waits. */
async function waitAtGate(gate: string | undefined): Promise<void> {
  if (!gate || existsSync(gate)) return
  writeFileSync(`${gate}.waiting`, `${process.pid}\n`)
  while (!existsSync(gate)) await pause(GATE_POLL_MS)
  rmSync(`${gate}.waiting`, { force: true })
}

async function answer(options: AgentArguments, prompt: string, entry: ScriptEntry): Promise<number> {
  if (entry.delay_ms !== undefined) await pause(entry.delay_ms)
  if (entry.stderr !== undefined) process.stderr.write(`${entry.stderr}\n`)
  // A timer keeps the process alive; a promise alone would not.
  if (entry.hang) return new Promise<number>(() => void setInterval(() => undefined, 60_000))
  if (entry.garbage !== undefined) {
    print(entry.garbage)
    return entry.exit ?? 0
  }
  const exit = entry.exit ?? 0
  if (exit !== 0 && entry.result === undefined && entry.structured_output === undefined) return exit
  const result = resultOf(options, prompt, entry)
  print(options.outputFormat === 'json' ? JSON.stringify(shuffled(result, prompt)) : String(result.result))
  return result.is_error === true ? Math.max(exit, 1) : exit
}

function resultOf(options: AgentArguments, prompt: string, entry: ScriptEntry): Record<string, unknown> {
  const cost = entry.cost ?? USUAL_COST
  const overBudget = options.maxBudget !== null && cost > options.maxBudget
  const subtype = overBudget ? 'error_max_budget_usd' : (entry.subtype ?? 'success')
  const isError = overBudget || (entry.is_error ?? subtype !== 'success')
  const text =
    entry.result ?? (entry.structured_output === undefined ? '' : JSON.stringify(entry.structured_output))
  const tokens = { input_tokens: Math.ceil(prompt.length / 4), output_tokens: Math.ceil(text.length / 4) }
  const model = `claude-${options.model}-standin`
  const structured = options.schema !== null && entry.structured_output !== undefined && !isError
  return {
    type: 'result',
    subtype,
    is_error: isError,
    duration_ms: entry.delay_ms ?? 1,
    duration_api_ms: 1,
    num_turns: structured ? 2 : 1,
    ...(overBudget ? {} : { result: text }),
    ...(structured ? { structured_output: entry.structured_output } : {}),
    ...(entry.api_error_status === undefined ? {} : { api_error_status: entry.api_error_status }),
    stop_reason: 'end_turn',
    session_id: randomUUID(),
    total_cost_usd: cost,
    usage: {
      ...tokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      service_tier: 'standard',
    },
    modelUsage: {
      [model]: { inputTokens: tokens.input_tokens, outputTokens: tokens.output_tokens, costUSD: cost },
    },
    permission_denials: [],
    uuid: randomUUID(),
  }
}

/** The CLI's order of keys differs between versions: nobody may rely on one. The same prompt gives the same order. */
function shuffled(result: Record<string, unknown>, seed: string): Record<string, unknown> {
  const rank = (key: string) => createHash('sha256').update(`${seed}${key}`).digest('hex')
  const keys = Object.keys(result).sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
  return Object.fromEntries(keys.map((key) => [key, result[key]]))
}

function ownAnswer({ schema }: AgentArguments, prompt: string): ScriptEntry {
  if (hasDiff(prompt)) {
    const review = reviewPrompt(prompt)
    return schema
      ? { structured_output: fillSchema(schema, { ...review }) }
      : { result: renderReview(review) }
  }
  const triage = triageIssue(readIssue(prompt))
  return schema ? { structured_output: fillSchema(schema, { ...triage }) } : { result: triage.summary }
}
