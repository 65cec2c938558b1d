// The table that people read. Ratios are medians of the ratios within a round, never ratios of medians.
import { median, spreadOf } from '../measure/median.ts'
import { show, table } from '../measure/table.ts'
import type { Comparison, Name, Slices } from './compare.ts'

const TARGETS = { throughput: 1, latency: 3 }

/** Markdown. */
export function render({ scenario, options, names, generator, rounds, kept }: Comparison): string {
  const each = (name: Name, read: (slices: Slices) => number) =>
    rounds.map(({ results }) => read(results[name]))
  const ratio = (of: Name, to: Name, read: (slices: Slices) => number) =>
    rounds.map(({ results }) => read(results[of]) / read(results[to]))
  const closed = (slices: Slices) => slices.closed.perSecond
  const p50 = (slices: Slices) => slices.open.p50
  const p99 = (slices: Slices) => slices.open.p99
  const cpu = (slices: Slices) => ((slices.closedCpu ?? NaN) * 1e6) / slices.closed.accepted
  const rows = names.map((name) => [
    name,
    show(median(each(name, closed))),
    show(median(ratio(name, 'bare', closed))),
    show(median(each(name, cpu))),
    show(median(each(name, (slices) => slices.closed.p99))),
    show(median(each(name, p50))),
    show(median(each(name, p99))),
    show(median(ratio(name, 'bare', p99))),
  ])
  const head = [
    'server',
    'accepted/s',
    'to bare',
    'CPU µs each',
    'p99 ms',
    `p50 ms at ${options.rate}/s`,
    'p99 ms',
    'to bare',
  ]
  const sustained = each(
    'hookyard',
    ({ closed: load, drainSeconds }) => load.accepted / (load.accepted / load.perSecond + drainSeconds),
  )
  const strangers = spreadOf(rounds.map((round) => round.strangers ?? 0))
  return [
    `${scenario.name}: ${scenario.says}; ${show(scenario.bytes)} bytes a body`,
    `${rounds.length} rounds of ${options.seconds} s slices, ${options.connections} connections, ` +
      `${options.core === null ? 'servers unbound' : 'each server on one processor'}, generator ${generator}; ` +
      `other processes took ${percent(strangers.min)} to ${percent(strangers.max)} of the machine`,
    '',
    table(head, rows),
    '',
    verdict(
      'throughput, hookyard to probot',
      ratio('hookyard', 'probot', closed),
      (value) => value >= TARGETS.throughput,
      `>= ${TARGETS.throughput}`,
    ),
    verdict(
      `p99 at ${options.rate}/s, hookyard to bare`,
      ratio('hookyard', 'bare', p99),
      (value) => value <= TARGETS.latency,
      `<= ${TARGETS.latency}`,
    ),
    `p99 at ${options.rate}/s, hookyard to synced (the disk's share): ${spread(ratio('hookyard', 'synced', p99))}`,
    ...(names.includes('also')
      ? [
          `also (${options.also}) to hookyard: throughput ${spread(ratio('also', 'hookyard', closed))}, p99 ${spread(ratio('also', 'hookyard', p99))}, ` +
            `CPU ${spread(ratio('also', 'hookyard', cpu))}`,
        ]
      : []),
    `hookyard, decisions and messages of all of it included: ${show(median(sustained))} deliveries/s`,
    `in the database: ${show(kept.stored)} of ${show(kept.accepted)} answered with 2xx, ${kept.missing} missing; ` +
      `${show(kept.decisions)} decisions, ${kept.undecided} deliveries undecided; ${show(kept.messages)} messages`,
    'Off in hookyard, since it is no part of accepting: Telegram (messages go to the log, level silent) and module ' +
      'runs (the flags of the built-in modules are off, so each is decided and skipped).',
  ].join('\n')
}

function verdict(
  what: string,
  ratios: readonly number[],
  holds: (value: number) => boolean,
  target: string,
): string {
  return `${what}: ${spread(ratios)}; target ${target}: ${holds(median(ratios)) ? 'held' : 'MISSED'}`
}

function spread(ratios: readonly number[]): string {
  const { median: middle, min, max } = spreadOf(ratios)
  return `${show(middle)} (${show(min)} to ${show(max)})`
}

const percent = (share: number) => `${(share * 100).toFixed(0)} %`
