// Answers that a test prepared. The script is a JSON file: a list of entries, of which the first that matches the prompt
// answers.
import { readFileSync, writeFileSync } from 'node:fs'

export interface ScriptEntry {
  /** Regular expression over the prompt, without regard to case; omitted: any prompt. */
  readonly match?: string
  /** How many calls it answers, over all processes; omitted: any number. */
  readonly times?: number
  readonly result?: string
  readonly structured_output?: unknown
  readonly is_error?: boolean
  /** `success`, `error_during_execution`, `error_max_budget_usd` … */
  readonly subtype?: string
  readonly api_error_status?: number
  /** USD. */
  readonly cost?: number
  readonly delay_ms?: number
  /** Exit code; anything but 0 without `result` or `structured_output` prints no JSON. */
  readonly exit?: number
  /** Never answers. */
  readonly hang?: boolean
  readonly stderr?: string
  /** Printed instead of the JSON. */
  readonly garbage?: string
}

/**
 * The entry that answers this prompt; null when none does.
 * @throws Error when the file cannot be read or is no list.
 */
export function findEntry(file: string, prompt: string): ScriptEntry | null {
  const entries: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(entries)) throw new Error(`${file} must hold a JSON list of answers`)
  for (const [index, entry] of (entries as ScriptEntry[]).entries()) {
    if (entry.match !== undefined && !new RegExp(entry.match, 'i').test(prompt)) continue
    if (entry.times === undefined || takeTurn(`${file}.used-${index}`, entry.times)) return entry
  }
  return null
}

/** One file for each turn: creating it is the one step that two processes cannot both do. */
function takeTurn(prefix: string, times: number): boolean {
  for (let turn = 0; turn < times; turn++) {
    try {
      writeFileSync(`${prefix}-${turn}`, '', { flag: 'wx' })
      return true
    } catch {
      // Taken by an earlier call.
    }
  }
  return false
}
