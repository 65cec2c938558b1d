// A B C A B C: things are measured in turn, and compared only within a round, because the machine of the next
// round is another machine. On a machine that others use as well, each slice waits for a quiet moment, and is measured
// again when they took too much of it. When patience ends, slices are taken as they come, and the report says how
// quiet they were.
import { setTimeout as delay } from 'node:timers/promises'
import { performance } from 'node:perf_hooks'
import { startMeter } from './meter.ts'

/** One measurement of one thing, with the share of the processors that strangers took meanwhile. */
export interface Slice<Result> {
  readonly result: Result
  readonly strangers: number | null
}

export interface Round<Name extends string, Result> {
  readonly results: Readonly<Record<Name, Result>>
  /** The noisiest slice's share, 0..1; null when this system does not tell. */
  readonly strangers: number | null
}

export interface RoundsOptions<Name extends string, Result> {
  readonly names: readonly Name[]
  readonly rounds: number
  /** More than this share, and the slice is measured again. */
  readonly maxStrangers: number
  /** How long to insist on quiet, over all rounds, in ms. */
  readonly patienceMs: number
  readonly measure: (name: Name) => Promise<Slice<Result>>
  readonly onRound?: (round: Round<Name, Result>, done: number) => void
}

const SAMPLE_MS = 250
/** Quiet samples in a row that make a quiet moment. */
const SAMPLES = 2

/** The rounds, `rounds` of them. */
export async function measureRounds<Name extends string, Result>(
  options: RoundsOptions<Name, Result>,
): Promise<Round<Name, Result>[]> {
  const deadline = performance.now() + options.patienceMs
  const rounds: Round<Name, Result>[] = []
  while (rounds.length < options.rounds) {
    const slices: [Name, Slice<Result>][] = []
    for (const name of options.names) slices.push([name, await measureQuietly(options, name, deadline)])
    const shares = slices.map(([, { strangers }]) => strangers).filter((share) => share !== null)
    const round = {
      results: Object.fromEntries(slices.map(([name, { result }]) => [name, result])) as Record<Name, Result>,
      strangers: shares.length === 0 ? null : Math.max(...shares),
    }
    rounds.push(round)
    options.onRound?.(round, rounds.length)
  }
  return rounds
}

async function measureQuietly<Name extends string, Result>(
  { maxStrangers, measure }: RoundsOptions<Name, Result>,
  name: Name,
  deadline: number,
): Promise<Slice<Result>> {
  for (;;) {
    await untilQuiet(maxStrangers, deadline)
    const slice = await measure(name)
    if ((slice.strangers ?? 0) <= maxStrangers || performance.now() > deadline) return slice
  }
}

async function untilQuiet(maxStrangers: number, deadline: number): Promise<void> {
  for (let quiet = 0; quiet < SAMPLES && performance.now() < deadline;) {
    const stop = startMeter(process.pid)
    await delay(SAMPLE_MS)
    quiet = (stop().strangers ?? 0) <= maxStrangers ? quiet + 1 : 0
  }
}
