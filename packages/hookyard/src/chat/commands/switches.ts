// /on, /off, /modules: whether a module works for this user. Where it may work is the operator's word alone.
import type { Module } from '../../registry/manifest.ts'
import type { Line } from '../../send/message.ts'
import { type Call, change, type ChatWorld, type Command, type Reply } from '../command.ts'
import { effectiveFeature } from '../effective-settings.ts'
import { readModule, requireArgs, unfit } from '../read-args.ts'

export const modulesCommand: Command = {
  name: 'modules',
  summary: 'The modules, and whether they are on for you',
  run(call, world) {
    requireArgs(call.args, 0, 0, '/modules')
    const modules = world.registry().all()
    if (modules.length === 0) return { lines: [['There are no modules.']] }
    return {
      lines: modules.flatMap((module): Line[] => {
        const feature = effectiveFeature(module, call)
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

const switching = (name: 'on' | 'off'): Command => ({
  name,
  usage: 'MODULE',
  summary: `Switch a module ${name} for you`,
  run: (call, world) => switchModule(call, world, name),
})

export const onCommand = switching('on')
export const offCommand = switching('off')

function switchModule(call: Call, world: ChatWorld, value: 'on' | 'off'): Reply {
  const { args } = call
  requireArgs(args, 1, 1, `/${value} MODULE`)
  const module = readModule(world.registry(), args[0] ?? '')
  const { featureFlag: flag } = module.manifest
  if (flag === null) {
    throw unfit(`${module.name} has no switch: it works for everybody who hears of the repository.`)
  }
  const before = effectiveFeature(module, call)
  const all = world.registry().all()
  const others = all.filter((one) => one !== module && one.manifest.featureFlag === flag)
  const lines: Line[] = [[{ bold: module.name }, ` is ${value} for you (user).`]]
  if (before && before.source !== 'user')
    lines.push([`Before: ${before.value ? 'on' : 'off'} (${before.source}).`])
  if (others.length > 0) lines.push([`The same switch: ${others.map((one) => one.name).join(', ')}.`])
  if (value === 'on') lines.push(...limitsOf(module, call, world))
  return { lines, changes: [change(call, 'feature', flag, value)] }
}

/** What switching on does not change. */
function limitsOf(module: Module, call: Call, world: ChatWorld): Line[] {
  const where = mayActIn(call, world).join(', ')
  const text =
    where === ''
      ? 'The operator has given you no repository to work in: you join the runs that others start.'
      : `It works in ${where}, as the operator's configuration says.`
  return module.enabled ? [[text]] : [[text], ['For now it is switched off for everybody.']]
}

/** Where the user's flags start runs: the operator's word, whatever the user has set. */
export const mayActIn = ({ configured }: Call, world: ChatWorld): string[] => [
  ...new Set([...world.config().repos, ...configured.repos]),
]
