// What the vendors ask for their models. Prices change: the table carries its date, `agent.price` in hookyard.yaml
// goes before it, and a model that it does not know is counted as a large one of its vendor, so that caps hold.
import type { Vendor } from './vendor.ts'

/** The day on which the table was compared with the vendors' price pages. */
export const PRICES_OF = '2026-11-22'

/** USD per million tokens. */
export interface Price {
  readonly input: number
  /** What the vendor had in its cache. */
  readonly cachedInput: number
  readonly output: number
  /** Prompts of more tokens than `above` cost so many times as much. */
  readonly long?: { readonly above: number; readonly input: number; readonly output: number }
}

export interface KnownPrice extends Price {
  /** False: the model is in no table, and this is a guess, or nothing. */
  readonly known: boolean
}

export interface Tokens {
  readonly input: number
  /** Part of `input`. */
  readonly cachedInput: number
  readonly output: number
}

const LONG_GPT = { above: 272_000, input: 2, output: 1.5 }
const LONG_HAIKU = { above: 100_000, input: 5, output: 5 }

// A name stands for itself and all that continue it with a dash: the longest one that fits counts.
const TABLE: Readonly<Record<string, Price>> = {
  'claude-fable-5': price(10, 10, 50),
  'claude-mythos-5': price(10, 10, 50),
  'claude-opus-5-5': price(4, 4, 20),
  'claude-opus-5': price(5, 5, 25),
  'claude-opus-4-8': price(5, 5, 25),
  'claude-opus-4-7': price(5, 5, 25),
  'claude-opus-4-6': price(5, 5, 25),
  'claude-opus-4-5': price(5, 5, 25),
  'claude-opus-4': price(15, 15, 75),
  'claude-sonnet-5': price(2, 2, 10),
  'claude-sonnet-4': price(3, 3, 15),
  'claude-haiku-5-5': price(0.1, 0.1, 0.5, LONG_HAIKU),
  'claude-haiku-4-5': price(1, 1, 5),
  'gpt-6-astra': price(10, 1, 50, LONG_GPT),
  'gpt-6-sol': price(2, 0.2, 10, LONG_GPT),
  'gpt-6-luna': price(0.1, 0.01, 0.5, LONG_GPT),
  'gpt-6.1-sol': price(2, 0.1, 10, LONG_GPT),
  'gpt-6.1-terra': price(1, 0.05, 5, LONG_GPT),
  'gpt-5.6': price(5, 0.5, 30, LONG_GPT),
  'gpt-5.6-terra': price(2, 0.2, 12, LONG_GPT),
  'gpt-5.6-luna': price(0.2, 0.02, 1.2, LONG_GPT),
  'gpt-5.5': price(5, 0.5, 30, LONG_GPT),
  'gpt-5.5-pro': price(30, 30, 180, LONG_GPT),
  'gpt-5.4': price(2.5, 0.25, 15, LONG_GPT),
  'gpt-5.4-pro': price(30, 30, 180, LONG_GPT),
  'gpt-5.4-mini': price(0.75, 0.075, 4.5),
  'gpt-5.4-nano': price(0.2, 0.02, 1.25),
  'gpt-5.2': price(1.75, 0.175, 14),
  'gpt-5.2-pro': price(21, 21, 168),
  'gpt-5.1': price(1.25, 0.125, 10),
  'gpt-5.1-codex-mini': price(0.25, 0.025, 2),
  'gpt-5': price(1.25, 0.125, 10),
  'gpt-5-pro': price(15, 15, 120),
  'gpt-5-mini': price(0.25, 0.025, 2),
  'gpt-5-nano': price(0.05, 0.005, 0.4),
  'gpt-4.1': price(2, 0.5, 8),
  'gpt-4.1-mini': price(0.4, 0.1, 1.6),
  'gpt-4.1-nano': price(0.1, 0.025, 0.4),
  'gpt-4o': price(2.5, 1.25, 10),
  'gpt-4o-mini': price(0.15, 0.075, 0.6),
  o3: price(2, 0.5, 8),
  'o4-mini': price(1.1, 0.275, 4.4),
}

/** What an unknown model is counted as; a server of one's own asks for nothing. */
const UNKNOWN: Readonly<Record<Vendor, Price>> = {
  anthropic: price(5, 5, 25),
  openai: price(5, 5, 30),
  'openai-compatible': price(0, 0, 0),
}

function price(input: number, cachedInput: number, output: number, long?: Price['long']): Price {
  return { input, cachedInput, output, ...(long && { long }) }
}

/** The operator's own price, else the table's, else a guess that says so. */
export function findPrice(
  vendor: Vendor,
  model: string,
  own: { readonly input: number; readonly output: number } | null,
): KnownPrice {
  if (own !== null) return { input: own.input, cachedInput: own.input, output: own.output, known: true }
  const name = tableName(model)
  const fitting = Object.keys(TABLE)
    .filter((known) => name === known || name.startsWith(`${known}-`))
    .sort((a, b) => b.length - a.length)[0]
  const found = fitting === undefined ? undefined : TABLE[fitting]
  return found ? { ...found, known: true } : { ...UNKNOWN[vendor], known: false }
}

/** Routers write `vendor/model`, and Claude's versions with a dot. */
function tableName(model: string): string {
  const name = model.toLowerCase().replace(/^.*\//, '')
  return name.startsWith('claude-') ? name.replaceAll('.', '-') : name
}

const surchargeOf = (price: Price, input: number) =>
  price.long && input > price.long.above ? price.long : { input: 1, output: 1 }

/** What these tokens cost, in USD. */
export function costOf(price: Price, tokens: Tokens): number {
  const times = surchargeOf(price, tokens.input)
  const cached = Math.min(tokens.cachedInput, tokens.input)
  const input = (tokens.input - cached) * price.input + cached * price.cachedInput
  return (input * times.input + tokens.output * price.output * times.output) / 1_000_000
}

/** A cautious guess: code has three to four bytes to a token, newer tokenizers make more of it. */
export const guessTokens = (text: string): number => Math.ceil(Buffer.byteLength(text, 'utf8') / 2.5)

/** How many tokens of an answer the money buys behind a prompt of `input` tokens; may be below zero. */
export function affordableOutput(price: Price, input: number, maxUsd: number): number {
  const left = maxUsd - costOf(price, { input, cachedInput: 0, output: 0 })
  const perToken = (price.output * surchargeOf(price, input).output) / 1_000_000
  return perToken === 0 ? Number.POSITIVE_INFINITY : Math.floor(left / perToken)
}
