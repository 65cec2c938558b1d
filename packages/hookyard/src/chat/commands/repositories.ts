// /repos, /add, /remove: of which repositories this user hears. Hearing of one gives messages, never authority; and
// beyond the user's own `repos` of the configuration it counts only where GitHub lets the user's login read.
import { covers, isToldOfAll, isWithin, repositoryPatterns } from '../../access/effective-user.ts'
import type { Reading } from '../../access/reading.ts'
import type { Line } from '../../send/message.ts'
import { type Call, change, type ChatWorld, type Command, type Reply } from '../command.ts'
import { effectiveRepos } from '../effective-settings.ts'
import { readRepository, requireArgs, unfit } from '../read-args.ts'
import { mayActIn } from './switches.ts'

export const reposCommand: Command = {
  name: 'repos',
  summary: 'The repositories that you hear of',
  run(call, world) {
    const { args, user, configured } = call
    requireArgs(args, 0, 0, '/repos')
    const repos = effectiveRepos(call)
    const lines: Line[] = [[{ bold: 'You hear of' }]]
    if (repos.everything) lines.push(['every repository (default)'])
    else if (repos.heard.length === 0) lines.push(['none yet: /add OWNER/REPO'])
    for (const { value: pattern, source } of repos.heard)
      lines.push([{ code: pattern }, ` (${source}${isWithin(configured, pattern) ? '' : limitOf(user)})`])
    for (const pattern of repos.removed) lines.push(['not of ', { code: pattern }, ' (user)'])
    const where = mayActIn(call, world)
    lines.push([{ bold: 'Modules work for you in' }])
    lines.push([where.length === 0 ? 'none (config)' : `${where.join(', ')} (config)`])
    return { lines }
  },
}

export const addCommand: Command = {
  name: 'add',
  usage: 'OWNER/REPO',
  summary: 'Hear of a repository',
  async run(call, world) {
    const { args, user, configured } = call
    requireArgs(args, 1, 1, '/add OWNER/REPO')
    const pattern = readRepository(args[0] ?? '')
    const { removed } = repositoryPatterns(call.settings)
    const everything = user.role === 'admin' && user.repos.length === 0
    const byConfig = covers(configured.repos, pattern)
    // What is heard of without a setting needs none, unless another one takes it away.
    const plain =
      (byConfig || (everything && removed.includes(pattern))) &&
      !removed.some((one) => one !== pattern && covers([one], pattern))
    const source = !plain ? 'user' : byConfig ? 'config' : 'default'
    const beyond = !isWithin(configured, pattern)
    const reading = beyond ? await readingOf(pattern, user, world) : 'readable'
    const lines: Line[] = reading === 'readable' ? [['You hear of ', { code: pattern }, ` (${source}).`]] : []
    if (beyond) lines.push(...limitLines(pattern, user, reading))
    if (everything && !plain) {
      lines.push(['Until now you heard of every repository; from now on of what /repos lists.'])
    }
    if (!pattern.endsWith('/*') && reading === 'readable' && !world.access().mayAct(user, pattern)) {
      lines.push(["You get its messages. Modules don't work there: that is the operator's to say."])
    }
    return { lines, changes: [change(call, 'repo', pattern, plain ? null : 'added')] }
  },
}

/** What `/repos` says of a pattern beyond the user's `repos` of the configuration. */
const limitOf = ({ github }: Call['user']): string =>
  github === null ? ', does not count: no GitHub login' : `, as far as ${github} may read it`

/** What GitHub says of a repository; of `acme/*` there is none before one of its repositories sends something. */
const readingOf = async (pattern: string, user: Call['user'], world: ChatWorld): Promise<Reading | 'each'> =>
  pattern.endsWith('/*') && user.github !== null ? 'each' : world.askReading(user, pattern)

/** How far it counts where the configuration does not let the user hear of it, and why. */
function limitLines(pattern: string, { github }: Call['user'], reading: Reading | 'each'): Line[] {
  const login = github ?? ''
  const outside: Line = [{ code: pattern }, ' lies outside your repos in hookyard.yaml']
  const known = {
    each: `; you hear of those of its repositories that your GitHub login ${login} may read.`,
    readable: `: it counts as long as your GitHub login ${login} may read it.`,
    not_readable: `, and your GitHub login ${login} may not read it: you hear of it once it may.`,
    readable_unknown: `, and GitHub does not tell whether your login ${login} may read it: you hear of it once GitHub says so.`,
    no_login:
      ', and no GitHub login of yours stands there: it will not count. Ask an admin to set `github` for you.',
  }
  return [[...outside, known[reading]]]
}

export const removeCommand: Command = {
  name: 'remove',
  usage: 'OWNER/REPO',
  summary: 'Hear no more of a repository',
  run: remove,
}

function remove(call: Call): Reply {
  const { args, user, configured, settings } = call
  requireArgs(args, 1, 1, '/remove OWNER/REPO')
  const pattern = readRepository(args[0] ?? '')
  const { added } = repositoryPatterns(settings)
  // A pattern takes along what was added under it.
  const below = added.filter((one) => covers([pattern], one))
  const others = added.filter((one) => !below.includes(one))
  // An admin may hear of anything: without repositories, or when nobody else does.
  const remains = user.role === 'admin' || covers([...configured.repos, ...others], pattern)
  const touched = remains || configured.repos.some((one) => covers([pattern], one))
  if (!touched && below.length === 0)
    throw unfit(`You don't hear of ${pattern}. /repos lists what you hear of.`)
  const gone = below.filter((one) => one !== pattern).map((one) => change(call, 'repo', one, null))
  const lines: Line[] = [['You hear no more of ', { code: pattern }, ' (user).']]
  const left = user.repos.filter((one) => !covers([pattern], one))
  if (isToldOfAll(configured) && user.repos.length > 0 && left.length === 0) {
    lines.push(['It was the last one: as an admin without repositories you now hear of every other one.'])
  }
  return { lines, changes: [...gone, change(call, 'repo', pattern, touched ? 'removed' : null)] }
}
