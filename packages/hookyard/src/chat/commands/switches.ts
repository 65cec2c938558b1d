// /on, /off, /modules: whether a module works for this user. Where it may work is the operator's word alone.
import type { User } from '../../config/config.ts'
import type { Module } from '../../registry/manifest.ts'
import type { Line } from '../../send/message.ts'
import {
  type Call,
  type ChatWorld,
  type Command,
  type Reply,
  configuredUser,
  settingsOf,
} from '../command.ts'
import { describeFeature } from '../described.ts'
import { readModule, requireArgs, unfit } from '../read-args.ts'

export const modulesCommand: Command = {
  name: 'modules',
  usage: '',
  summary: 'The modules, and whether they are on for you',
  async run({ args, user }, world) {
    requireArgs(args, 0, 0, '/modules')
    const [settings, configured] = [await settingsOf(world, user.name), configuredUser(world, user.name)]
    const modules = world.registry().all()
    if (modules.length === 0) return { lines: [['There are no modules.']] }
    return {
      lines: modules.flatMap((module): Line[] => {
        const feature = describeFeature(module, configured, settings)
        const state = !module.enabled
          ? 'switched off for everybody'
          : feature === null
            ? 'for everybody who hears'
            : `${feature.value ? 'on' : 'off'} (${feature.source})`
        return [[{ bold: module.name }, `: ${state}`], [module.manifest.description]]
      }),
    }
  },
}

const switching = (name: 'on' | 'off', summary: string): Command => ({
  name,
  usage: 'MODULE',
  summary,
  run: (call, world) => switchModule(call, world, name),
})

export const onCommand = switching('on', 'Switch a module on for you')
export const offCommand = switching('off', 'Switch a module off for you')

async function switchModule({ args, user }: Call, world: ChatWorld, value: 'on' | 'off'): Promise<Reply> {
  requireArgs(args, 1, 1, `/${value} MODULE`)
  const module = readModule(world.registry(), args[0] ?? '')
  const { featureFlag: flag } = module.manifest
  if (flag === null) {
    throw unfit(`${module.name} has no switch: it works for everybody who hears of the repository.`)
  }
  const before = describeFeature(module, configuredUser(world, user.name), await settingsOf(world, user.name))
  const others = world
    .registry()
    .all()
    .filter((one) => one !== module && one.manifest.featureFlag === flag)
  const lines: Line[] = [[{ bold: module.name }, ` is ${value} for you (user).`]]
  if (before && before.source !== 'user')
    lines.push([`Before: ${before.value ? 'on' : 'off'} (${before.source}).`])
  if (others.length > 0) lines.push([`The same switch: ${others.map((one) => one.name).join(', ')}.`])
  if (value === 'on') lines.push(...limitsOf(module, user, world))
  return { lines, changes: [{ user: user.name, kind: 'feature', key: flag, value }] }
}

/** What switching on does not change. */
function limitsOf(module: Module, user: User, world: ChatWorld): Line[] {
  const where = mayActIn(user, world)
  const lines: Line[] =
    where.length > 0
      ? [[`It works in ${where.join(', ')}, as the operator's configuration says.`]]
      : [['The operator has given you no repository to work in: you join the runs that others start.']]
  if (!module.enabled) lines.push(['For now it is switched off for everybody.'])
  return lines
}

/** Where the user's flags start runs: the operator's word, whatever the user has set. */
export function mayActIn(user: User, world: ChatWorld): string[] {
  return [...new Set([...world.config().repos, ...configuredUser(world, user.name).repos])]
}
