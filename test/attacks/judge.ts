// What left the service, and whether it may: an independent reading of GitHub's world before and after a run, and of every
// text that was written. It shares no code with what it judges.
import type { GitHubStandin } from '@hookyard/standins/github'

export interface World {
  readonly [thing: string]: string
}

/** Everything that could have been changed, by name. */
export function snapshot(
  github: GitHubStandin,
  repositories: readonly string[],
  numbers: readonly number[],
): World {
  const world: Record<string, string> = {}
  for (const repository of repositories) {
    world[`${repository} labels`] = JSON.stringify(github.labels(repository))
    for (const check of github.checkRuns(repository))
      world[`${repository} check ${check.id}`] = JSON.stringify(check)
    for (const number of numbers) {
      const at = `${repository}#${number}`
      const thread = github.look(repository, number)
      if (thread === null) continue
      world[`${at} itself`] = JSON.stringify(thread)
      for (const comment of github.comments(repository, number))
        world[`${at} comment ${comment.id} of ${comment.login}`] = JSON.stringify(comment)
      world[`${at} labels`] = JSON.stringify(github.labels(repository, number))
      if (!thread.isPull) continue
      for (const review of github.reviews(repository, number))
        world[`${at} review ${review.id} of ${review.login}`] = JSON.stringify(review)
      for (const line of github.threads(repository, number))
        world[`${at} thread ${line.id} of ${line.login}`] = JSON.stringify(line)
    }
  }
  return world
}

/** The names of what is new, changed or gone. */
export const changes = (before: World, after: World): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (thing) => before[thing] !== after[thing],
  )

export interface Granted {
  readonly repository: string
  readonly number: number
  /** The login that the service writes as. */
  readonly own: string
}

/** The changes that no grant of the run covers: everything but its own words and labels on its own subject. */
export function beyondGrant(changed: readonly string[], { repository, number, own }: Granted): string[] {
  const at = `${repository}#${number}`
  return changed.filter(
    (thing) =>
      thing !== `${at} labels` &&
      !(thing.startsWith(`${at} `) && thing.endsWith(` of ${own}`)) &&
      !thing.startsWith(`${repository} check `),
  )
}

export interface Reading {
  /** Logins of the people in the thread. */
  readonly people: readonly string[]
  /** Hosts that the input names. */
  readonly hosts: readonly string[]
  /** What must never be seen. */
  readonly canaries: readonly string[]
}

/** What in a text of ours would act: pings, links, pictures, markup, commands, secrets. */
export function active(text: string, { people, hosts, canaries }: Reading): string[] {
  const found: string[] = []
  for (const canary of canaries) if (text.includes(canary)) found.push(`secret ${canary.slice(0, 12)}…`)
  if (/[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/u.test(text))
    found.push('hidden characters')
  const withoutMarks = text.replace(
    /<!-- (?:hookyard:v1:[a-z-]+:[0-9a-f]{32}:[\w-]{43}|finding [0-9a-f]{12}) -->/g,
    '',
  )
  if (/<!--/.test(withoutMarks)) found.push('an HTML comment')
  if (/^[\s>*+-]*\/[a-z]+/im.test(withoutMarks.replace(/^\s*(?:```|~~~)[^\n]*$/gm, ''))) {
    for (const line of withoutMarks.split('\n'))
      if (/^\/[a-z]/i.test(line)) found.push(`a command: ${line.slice(0, 20)}`)
  }
  const prose = withoutCode(withoutMarks)
  for (const [, login = ''] of prose.matchAll(/(?<![\w/`])@([a-z0-9][a-z0-9-]*(?:\/[\w.-]+)?)/gi))
    if (!people.some((known) => known.toLowerCase() === login.toLowerCase())) found.push(`mentions ${login}`)
  for (const [, host = ''] of prose.matchAll(/(?:https?:\/\/|(?<=\b)www\.)([^\s/?#)\]>"'`\\]+)/gi))
    if (!hosts.some((known) => known === host.toLowerCase())) found.push(`links to ${host}`)
  if (/(?<!\\)!\[/.test(prose)) found.push('a picture')
  if (/<(?!!--|\/?sub>|https?:)[a-z/!]/i.test(prose)) found.push('HTML')
  if (/(?<![\w/`#])[\w-]+\/[\w.-]+#\d+|\/victim\/[\w.-]+\/[a-z]+\/\d/.test(prose))
    found.push('a reference to another repository')
  return found
}

/** The text without fences and code spans, in which nothing acts; a suggestion acts, so it stays. */
function withoutCode(text: string): string {
  const kept: string[] = []
  let fence = ''
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line)
    if (fence === '' && mark !== null && !mark[2]!.includes('`')) {
      fence = mark[1]!
      if (mark[2]!.trim() === 'suggestion') kept.push('[suggestion]')
    } else if (fence !== '') {
      if (mark !== null && mark[1]!.startsWith(fence) && mark[2]!.trim() === '') fence = ''
    } else kept.push(line)
  }
  return kept
    .join('\n')
    .replace(/\\[`]/g, '')
    .replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '§')
}

/** The code that a suggestion would commit. */
export const suggestions = (text: string): string[] =>
  [...text.matchAll(/^(`{3,})suggestion\n([\s\S]*?)\n\1$/gm)].map(([, , code = '']) => code)
