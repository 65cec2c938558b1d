// /notify, /mute, /unmute, /reset: where this user's messages go, which stay away, and back to the configuration.
import type { Line } from '../../send/message.ts'
import type { UserSetting } from '../../store/store.ts'
import { type Call, change, type ChatWorld, type Command, type Reply } from '../command.ts'
import { addressWithoutSetting, effectiveAddress, openMutes } from '../effective-settings.ts'
import { minuteOf, placeOf } from '../format.ts'
import { readDuration, readEntity, readModule, readRepository, requireArgs, unfit } from '../read-args.ts'

export const notifyCommand: Command = {
  name: 'notify',
  usage: 'here',
  summary: 'Send your messages to this chat',
  forGuests: true,
  run(call) {
    const { args, user, configured, chat } = call
    requireArgs(args, 0, 1, '/notify here')
    const set = (value: string | null) => [change(call, 'notify', '', value)]
    switch (args[0]?.toLowerCase()) {
      case undefined: {
        const { value, source } = effectiveAddress(call)
        const text = `Your messages go to ${placeOf(value, chat.id)} (${source}). /notify here brings them here.`
        return { lines: [[text]] }
      }
      case 'default': {
        const place = placeOf(addressWithoutSetting(configured, user), chat.id)
        return { lines: [[`Your messages go to ${place} again.`]], changes: set(null) }
      }
      case 'here':
        return {
          lines: [['Your messages go to this chat (user). /notify default takes that back.']],
          changes: set(`telegram:${chat.id}`),
        }
      default:
        throw unfit('Write /notify here in the chat where your messages shall go, or /notify default.')
    }
  },
}

export const muteCommand: Command = {
  name: 'mute',
  usage: 'ENTITY|REPO DURATION',
  summary: 'No messages of a pull request, issue or repository for a time',
  run(call) {
    const { args, settings, now } = call
    if (args.length === 0) return { lines: muteLines(settings, now) }
    requireArgs(args, 2, 2, '/mute ENTITY|REPO DURATION, such as /mute octocat/hello-world#42 2h')
    const key = readEntity(args[0] ?? '')
    const word = args[1]?.toLowerCase() ?? ''
    if (word === 'off' || word === '0') return unmute(call, key)
    const until = now + readDuration(word)
    const over = settings.filter(({ kind, value }) => kind === 'mute' && !(Number(value) > now))
    return {
      lines: [
        ['No messages of ', { code: key }, ` until ${minuteOf(until)} (user).`],
        ['Modules go on working, and a question still reaches you.'],
      ],
      changes: [
        ...over.map(({ key: old }) => change(call, 'mute', old, null)),
        change(call, 'mute', key, String(until)),
      ],
    }
  },
}

export const unmuteCommand: Command = {
  name: 'unmute',
  usage: 'ENTITY|REPO',
  summary: 'Messages of it again',
  run(call) {
    requireArgs(call.args, 1, 1, '/unmute ENTITY|REPO')
    return unmute(call, readEntity(call.args[0] ?? ''))
  },
}

function unmute(call: Call, key: string): Reply {
  const { settings, now } = call
  const held = openMutes(settings, now)
  if (!held.some((one) => one.key === key)) {
    const others = held.map((one) => one.key).join(', ')
    throw unfit(`${key} is not muted.${others === '' ? '' : ` Muted: ${others}.`}`)
  }
  return {
    lines: [['You get messages of ', { code: key }, ' again.']],
    changes: [change(call, 'mute', key, null)],
  }
}

/** What is muted, and until when. */
export function muteLines(settings: readonly UserSetting[], now: number): Line[] {
  const mutes = openMutes(settings, now)
  if (mutes.length === 0) return [['Nothing is muted.']]
  return mutes.map(({ key, until }) => ['Muted: ', { code: key }, ` until ${minuteOf(until)} (user)`])
}

export const resetCommand: Command = {
  name: 'reset',
  usage: 'MODULE|REPO|notify|all',
  summary: 'Back to what the configuration says',
  run(call, world) {
    const { args, settings } = call
    requireArgs(args, 1, 1, '/reset MODULE|REPO|notify|all')
    const meant = settings.filter(matcherOf(args[0] ?? '', world))
    if (meant.length === 0) return { lines: [['There you have set nothing: the configuration holds.']] }
    return {
      lines: [[`The configuration holds again: ${meant.map(nameOf).join(', ')}.`]],
      changes: meant.map(({ kind, key }) => change(call, kind, key, null)),
    }
  },
}

function matcherOf(word: string, world: ChatWorld): (setting: UserSetting) => boolean {
  if (word.toLowerCase() === 'all') return () => true
  if (word.toLowerCase() === 'notify') return ({ kind }) => kind === 'notify'
  if (word.includes('/')) {
    const repository = readRepository(word)
    return ({ kind, key }) => kind === 'repo' && key === repository
  }
  const { featureFlag } = readModule(world.registry(), word).manifest
  return ({ kind, key }) => kind === 'feature' && key === featureFlag
}

const nameOf = ({ kind, key }: UserSetting) =>
  kind === 'notify' ? 'notify' : kind === 'mute' ? `mute of ${key}` : key
