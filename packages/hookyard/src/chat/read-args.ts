// Arguments of commands, with an error for people where they do not fit.
import { hintFor } from '../config/hints.ts'
import { UserError } from '../lib/errors.ts'
import { type Target, parseTarget } from '../explain/target.ts'
import { parseDuration } from '../lib/duration.ts'
import type { Module } from '../registry/manifest.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'

/** A refusal whose text is the answer. */
export const unfit = (sentence: string): UserError => new UserError('invalid_input', sentence)

const shown = (word: string) => JSON.stringify(word.slice(0, 100))

/** @throws UserError when there are fewer or more arguments than the usage says */
export function requireArgs(args: readonly string[], min: number, max: number, usage: string): void {
  if (args.length >= min && args.length <= max) return
  throw unfit(args.length < min ? `Something is missing: ${usage}` : `That is too much: ${usage}`)
}

/** @throws UserError naming the module that was probably meant */
export function readModule(registry: ModuleRegistry, word: string): Module {
  const name = word.toLowerCase()
  const module = registry.get(name)
  if (module) return module
  const names = registry.all().map((one) => one.name)
  const hint = hintFor(name, names)
  throw unfit(`There is no module ${shown(word)}. ${hint ? `${sentence(hint)}. ` : ''}/modules lists them.`)
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)

const REPOSITORY = /^[a-z0-9_-]+\/(?!\.{1,2}$)[a-z0-9._-]+$/
const PATTERN = /^[a-z0-9_-]+\/\*$/

/** `OWNER/REPO`, `OWNER/*` or a repository's address, in lower case. @throws UserError */
export function readRepository(word: string): string {
  const name = word.toLowerCase()
  if (PATTERN.test(name)) return name
  const target = parseTarget(word)
  const found = target?.kind === 'entity' ? target.entity : name
  if (REPOSITORY.test(found)) return found
  throw unfit(`${shown(word)} is no repository. Write OWNER/REPO, such as octocat/hello-world.`)
}

/** `OWNER/REPO#42`, `OWNER/REPO` or an address, as an entity key. @throws UserError */
export function readEntity(word: string): string {
  const target = parseTarget(word)
  if (target?.kind === 'entity') return target.entity
  throw unfit(
    `${shown(word)} is neither a repository nor a pull request or issue. Write octocat/hello-world, octocat/hello-world#42 or its address.`,
  )
}

/** A delivery, or whatever `readEntity` takes. @throws UserError */
export function readTarget(word: string): Target {
  const target = parseTarget(word)
  if (target) return target
  throw unfit(
    `${shown(word)} is nothing that I know. Write octocat/hello-world#42, its address, or a delivery's GUID.`,
  )
}

/** A time to come, in ms. @throws UserError */
export function readDuration(word: string): number {
  try {
    const ms = parseDuration(word.toLowerCase())
    if (ms > 0) return ms
  } catch {
    // The sentence below says it for people.
  }
  throw unfit(`${shown(word)} is no time. Write 30m, 2h, 7d, or off.`)
}
