// A new comment -> the modules that it commands, with their arguments. Pure: whether its author may is asked later.
import { type Fields, fields, text } from '../lib/fields.ts'
import type { Module } from '../registry/manifest.ts'
import { findCommands } from './find-commands.ts'

/** What is looked at of a delivery. */
export interface Commented {
  readonly event: string
  readonly action: string | null
  readonly repository: string | null
  /** The parsed JSON. */
  readonly payload: unknown
}

export interface Commands {
  commandsFor(name: string): readonly Module[]
}

/** A module that a comment commands. */
export interface Command {
  readonly module: Module
  readonly command: string
  readonly args: string
  readonly comment: { readonly id: number | null; readonly url: string | null; readonly login: string }
}

/**
 * Each module once, by that of its commands which comes first in its manifest, at its first line; none in what is no
 * new comment.
 */
export function matchCommands(delivery: Commented, registry: Commands): Command[] {
  if (!mayCommand(delivery)) return []
  const body = fields(delivery.payload)
  const comment = fields(body['comment'])
  const written = text(comment['body'])
  const login = text(fields(comment['user'])['login'])
  if (written === null || login === null || !written.includes('/')) return []
  const commands = new Map<string, Command>()
  for (const { name, args } of findCommands(written)) {
    for (const module of registry.commandsFor(name)) {
      if (!isAbout(module, fields(body['issue']))) continue
      const held = commands.get(module.name)
      if (held && !isBefore(module, name, held.command)) continue
      const about = { id: idOf(comment), url: text(comment['html_url']), login }
      commands.set(module.name, { module, command: name, args, comment: about })
    }
  }
  return [...commands.values()]
}

/** Of two bindings that match the first in file order counts. */
function isBefore({ manifest }: Module, name: string, other: string): boolean {
  const first = manifest.triggers.find(
    (trigger) => trigger.type === 'command' && (trigger.command === name || trigger.command === other),
  )
  return name !== other && first?.type === 'command' && first.command === name
}

/** Only a new comment in a repository can hold commands. */
export const mayCommand = ({ event, action, repository }: Omit<Commented, 'payload'>): boolean =>
  event === 'issue_comment' && action === 'created' && repository !== null

/** A comment stands under an issue or under a pull request, which the payload calls an issue too. */
function isAbout({ manifest: { subject } }: Module, issue: Fields): boolean {
  if (subject === 'pull_request') return issue['pull_request'] != null
  return subject !== 'issue' || issue['pull_request'] == null
}

function idOf(comment: Fields): number | null {
  const { id } = comment
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : null
}
