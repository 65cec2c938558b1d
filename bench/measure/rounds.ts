// A B C A B C: things are measured in turn, and compared only within a round, because the machine of the next
// round is another machine. A round in which strangers took too much is measured again, a bounded number of
// times; if there is no peace, the quietest rounds stand, and the report says how quiet they were.

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
  /** More than this share, and the round is measured again. */
  readonly maxStrangers: number
  /** How many rounds are measured at most. */
  readonly maxRounds: number
  readonly measure: (name: Name) => Promise<Slice<Result>>
  readonly onRound?: (round: Round<Name, Result>, quiet: number, measured: number) => void
}

/** The rounds that stand: `rounds` of them. */
export async function measureRounds<Name extends string, Result>(
  options: RoundsOptions<Name, Result>,
): Promise<Round<Name, Result>[]> {
  const measured: Round<Name, Result>[] = []
  const isQuiet = (round: Round<Name, Result>) => (round.strangers ?? 0) <= options.maxStrangers
  while (measured.filter(isQuiet).length < options.rounds && measured.length < options.maxRounds) {
    const slices: [Name, Slice<Result>][] = []
    for (const name of options.names) slices.push([name, await options.measure(name)])
    const shares = slices.map(([, slice]) => slice.strangers).filter((share) => share !== null)
    const round = {
      results: Object.fromEntries(slices.map(([name, { result }]) => [name, result])) as Record<Name, Result>,
      strangers: shares.length === 0 ? null : Math.max(...shares),
    }
    measured.push(round)
    options.onRound?.(round, measured.filter(isQuiet).length, measured.length)
  }
  return measured.toSorted((a, b) => (a.strangers ?? 0) - (b.strangers ?? 0)).slice(0, options.rounds)
}
