// All commands, in the order in which people see them; a new one is a new entry here. /start and /help are below.
import { hintFor } from '../../config/hints.ts'
import type { Line } from '../../send/message.ts'
import type { Command } from '../command.ts'
import { requireArgs, unfit } from '../read-args.ts'
import { muteCommand, notifyCommand, resetCommand, unmuteCommand } from './messages.ts'
import { addCommand, removeCommand, reposCommand } from './repositories.ts'
import { modulesCommand, offCommand, onCommand } from './switches.ts'
import { runCommand, runsCommand, statusCommand, whyCommand } from './work.ts'

const startCommand: Command = {
  name: 'start',
  usage: 'CODE',
  summary: "This chat's id; with a code of hookyard invite: who you are",
  forGuests: true,
  run: ({ user, chat }) => ({
    lines: [chatIdLine(chat.id), [`You are ${user.name} (${user.role}). /help says what you can do here.`]],
  }),
}

const helpCommand: Command = {
  name: 'help',
  summary: 'What you can do here',
  run({ args }) {
    requireArgs(args, 0, 1, '/help or /help COMMAND')
    const [word] = args
    if (word === undefined) return { lines: COMMANDS.map(helpLine) }
    const name = word.replace(/^\//, '').toLowerCase()
    const command = findCommand(name)
    if (!command) throw unfit(`There is no command /${name.slice(0, 50)}. /help lists all.`)
    return { lines: [helpLine(command)] }
  },
}

export const COMMANDS: readonly Command[] = [
  startCommand,
  helpCommand,
  statusCommand,
  modulesCommand,
  runsCommand,
  runCommand,
  whyCommand,
  onCommand,
  offCommand,
  reposCommand,
  addCommand,
  removeCommand,
  notifyCommand,
  muteCommand,
  unmuteCommand,
  resetCommand,
]

/** The command of this name, in lower case. */
export const findCommand = (name: string): Command | undefined => COMMANDS.find((one) => one.name === name)

/** The answer to a command that there is not, with the one that was probably meant. */
export function unknownCommand(name: string): Error {
  const hint = hintFor(
    name,
    COMMANDS.map((one) => one.name),
  )
  const meant = hint?.startsWith('write ') ? ` Did you mean /${hint.slice('write '.length)}?` : ''
  return unfit(`There is no command /${name.slice(0, 50)}.${meant} /help lists all.`)
}

/** What `/start` tells anybody: the number that an operator needs, and nothing else. */
export const chatIdLine = (chatId: number): Line => ["This chat's id is ", { code: String(chatId) }, '.']

const helpLine = ({ name, usage, summary }: Command): Line => [
  `/${name}${usage === undefined ? '' : ` ${usage}`}: ${summary}`,
]
