// What the vendors ask for their models (prices.json). `agent.price` in hookyard.yaml goes before it, and a model that it
// does not know is counted as a large one of its vendor, so that caps hold.
import prices from './prices.json' with { type: 'json' }
import type { Vendor } from './vendor.ts'

/** The day on which prices.json was compared with the vendors' price pages. */
export const PRICES_OF = prices.date

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

// A name stands for itself and all that continue it with a dash: the longest one that fits counts.
const TABLE: Readonly<Record<string, Price>> = prices.usdPerMillionTokens

/** What an unknown model is counted as; a server of one's own asks for nothing. */
const UNKNOWN: Readonly<Record<Vendor, Price>> = {
  anthropic: { input: 5, cachedInput: 5, output: 25 },
  openai: { input: 5, cachedInput: 5, output: 30 },
  'openai-compatible': { input: 0, cachedInput: 0, output: 0 },
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
