// Facts that no payload tells, asked before a delivery is decided: are these this service's own words, may those who
// added the repository by chat read it, may the author of a comment command modules, and which files does a pull
// request change? A command that is refused is explained here, while the delivery still waits:
// after a crash both are done again, and the explanation is found as done.
import { type AskReading, askReadings } from '../access/reading.ts'
import type { Command } from '../command/match-commands.ts'
import { type Writing, writingOf } from '../command/writing.ts'
import { subjectNumber } from '../entity/entity.ts'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { holds } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import { wantedCommands } from './decide-commands.ts'
import { waitingForPaths } from './paths.ts'
import type { DeliveryToDecide, Facts, World } from './world.ts'

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
  readonly world: () => Pick<World, 'registry' | 'access'>
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
  const { log, timeoutMs = 30_000 } = options

  async function ask(
    delivery: DeliveryToDecide,
    writing: Writing | null,
    sources: FactSources,
  ): Promise<Facts> {
    if (writing !== null && (await sources.isOwn(writing.repository, writing)))
      return { own: true, author: 'unknown' }
    const before = options.world()
    const readings = await askReadings(delivery.repository, before.access, options.askReading)
    const heard = { own: false, author: 'unknown' as const, ...(readings && { readings }) }
    const world = { ...before, facts: heard }
    const [command] = writing === null ? [] : wantedCommands(delivery, world)
    const [author, outside] = await Promise.all([
      command && writing
        ? askAuthor({ ...delivery, repository: writing.repository }, command, sources)
        : ('unknown' as const),
      askPaths(delivery, waitingForPaths(delivery, world), sources),
    ])
    return { ...heard, author, ...(outside && { outside }) }
  }

  async function askPaths(
    { guid, entity, repository }: DeliveryToDecide,
    modules: readonly Module[],
    sources: FactSources,
  ): Promise<Facts['outside']> {
    const number = subjectNumber(entity)
    if (modules.length === 0 || repository === null || number === null) return undefined
    try {
      const paths = await sources.changedPaths(repository, number, AbortSignal.timeout(timeoutMs))
      return modules.filter(({ manifest }) => !holds(manifest.when.paths, paths)).map(({ name }) => name)
    } catch (thrown) {
      log.warn({ err: toError(thrown), delivery: guid, entity }, 'GitHub did not tell the changed files')
      return undefined
    }
  }

  async function askAuthor(
    { guid, entity, repository }: DeliveryToDecide & { readonly repository: string },
    { command, comment }: Command,
    sources: FactSources,
  ): Promise<Facts['author']> {
    const { login, id: commentId } = comment
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      if (await sources.mayWrite(repository, login, signal)) return 'allowed'
    } catch (thrown) {
      log.error(
        { err: toError(thrown), delivery: guid, login },
        'GitHub did not tell whether somebody may command',
      )
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

  return (delivery) => {
    const writing = writingOf(delivery)
    const world = options.world()
    const added = world.access.addedBeyond(delivery.repository)
    if (writing === null && added.length === 0 && waitingForPaths(delivery, world).length === 0) return null
    const sources = options.sources()
    return sources === null ? null : ask(delivery, writing, sources)
  }
}
