// What no payload tells is asked of GitHub before a delivery is decided: are these this service's own words, may those
// who added the repository by chat read it, may the author of a comment command modules, and which files does a pull
// request change? A command that is refused is explained here, while the delivery still waits: after a crash both are
// done again, and the explanation is found as done.
import { type AskReading, askReadings } from '../access/reading.ts'
import type { Command } from '../command/match-commands.ts'
import { type Writing, writingOf } from '../command/writing.ts'
import { subjectNumber } from '../entity/entity.ts'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { holds } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import { wantedCommands } from './decide-commands.ts'
import type { DeliveryToDecide, Facts, InForce, Question } from './decision-context.ts'
import { waitingForPaths } from './eligibility.ts'

/** What GitHub and the receipts are asked. */
export interface FactSources {
  isOwn(repository: string, writing: Writing): Promise<boolean>
  /** May this login write to the repository? */
  mayWrite(repository: string, login: string, signal: AbortSignal): Promise<boolean>
  /** The paths that the pull request changes; of a moved file both. */
  changedPaths(repository: string, number: number, signal: AbortSignal): Promise<readonly string[]>
  /** Explains a refused command, once. */
  decline(
    declined: {
      readonly repository: string
      readonly number: number
      readonly commentId: number
      readonly login: string
      readonly command: string
    },
    signal: AbortSignal,
  ): Promise<void>
}

export interface AskFactsOptions {
  /** null: the installation has no GitHub credentials. A getter: a reload swaps it. */
  readonly sources: () => FactSources | null
  readonly inForce: () => Pick<InForce, 'registry' | 'access'>
  readonly askReading: AskReading
  readonly log: Log
  /** Longer than this a delivery does not wait for GitHub, in ms. @default 30000 */
  readonly timeoutMs?: number
}

/**
 * Answers null when there is nothing to ask. The promise rejects when the receipts cannot be read: then nobody can
 * say whose words these are, and the delivery has to wait.
 */
export type AskFacts = (delivery: DeliveryToDecide) => Promise<Facts> | null

/** One for the service. */
export function createAskFacts(options: AskFactsOptions): AskFacts {
  return (delivery) => {
    const question = { ...options.inForce(), delivery }
    const writing = writingOf(delivery)
    const added = question.access.addedBeyond(delivery.repository)
    if (writing === null && added.length === 0 && waitingForPaths(question).length === 0) return null
    const sources = options.sources()
    return sources === null ? null : ask(question, writing, sources, options)
  }
}

async function ask(
  before: Question,
  writing: Writing | null,
  sources: FactSources,
  { inForce, askReading, log, timeoutMs = 30_000 }: AskFactsOptions,
): Promise<Facts> {
  const { delivery } = before
  if (writing !== null && (await sources.isOwn(writing.repository, writing)))
    return { own: true, author: 'unknown' }
  const { registry, access } = inForce()
  const readings = await askReadings(delivery.repository, access, askReading)
  const facts: Facts = { own: false, author: 'unknown', ...(readings && { readings }) }
  const question = { delivery, registry, access, facts }
  const [command] = writing === null ? [] : wantedCommands(question)
  const signal = AbortSignal.timeout(timeoutMs)
  const [author, outside] = await Promise.all([
    command && writing
      ? askAuthor(delivery, writing.repository, command, sources, signal, log)
      : facts.author,
    askPaths(delivery, waitingForPaths(question), sources, signal, log),
  ])
  return { ...facts, author, ...(outside && { outside }) }
}

async function askPaths(
  { guid, entity, repository }: DeliveryToDecide,
  modules: readonly Module[],
  sources: FactSources,
  signal: AbortSignal,
  log: Log,
): Promise<Facts['outside']> {
  const number = subjectNumber(entity)
  if (modules.length === 0 || repository === null || number === null) return undefined
  try {
    const paths = await sources.changedPaths(repository, number, signal)
    return modules.filter(({ manifest }) => !holds(manifest.when.paths, paths)).map(({ name }) => name)
  } catch (thrown) {
    log.warn({ err: toError(thrown), delivery: guid, entity }, 'GitHub did not tell the changed files')
    return undefined
  }
}

async function askAuthor(
  { guid, entity }: DeliveryToDecide,
  repository: string,
  { command, comment: { login, id: commentId } }: Command,
  sources: FactSources,
  signal: AbortSignal,
  log: Log,
): Promise<Facts['author']> {
  try {
    if (await sources.mayWrite(repository, login, signal)) return 'allowed'
  } catch (thrown) {
    const fields = { err: toError(thrown), delivery: guid, login }
    log.error(fields, 'GitHub did not tell whether somebody may command')
    return 'unknown'
  }
  const number = subjectNumber(entity)
  if (commentId === null || number === null) return 'refused'
  await sources
    .decline({ repository, number, commentId, login, command }, signal)
    .catch((thrown: unknown) =>
      log.warn({ err: toError(thrown), delivery: guid }, 'a refused command could not be explained'),
    )
  return 'refused'
}
