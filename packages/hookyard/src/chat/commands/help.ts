// /start and /help: where one is, and what there is.
import type { Line } from '../../send/message.ts'
import type { Command } from '../command.ts'
import { requireArgs, unfit } from '../read-args.ts'

/** What `/start` tells anybody: the number that an operator needs, and nothing else. */
export const chatIdLine = (chatId: number): Line => ["This chat's id is ", { code: String(chatId) }, '.']

export const startCommand: Command = {
  name: 'start',
  usage: 'CODE',
  summary: "This chat's id; with a code of hookyard invite: who you are",
  forGuests: true,
  run: ({ user, chat }) => ({
    lines: [chatIdLine(chat.id), [`You are ${user.name} (${user.role}). /help says what you can do here.`]],
  }),
}

/** `/help`, over the commands that there are. */
export const helpCommand = (commands: () => readonly Command[]): Command => ({
  name: 'help',
  usage: '',
  summary: 'What you can do here',
  run({ args }) {
    requireArgs(args, 0, 1, '/help or /help COMMAND')
    const [word] = args
    if (word === undefined) return { lines: commands().map(helpLine) }
    const name = word.replace(/^\//, '').toLowerCase()
    const command = commands().find((one) => one.name === name)
    if (!command) throw unfit(`There is no command /${name.slice(0, 50)}. /help lists all.`)
    return { lines: [helpLine(command)] }
  },
})

function helpLine({ name, usage, summary }: Command): Line {
  return [`/${name}${usage === '' ? '' : ` ${usage}`}: ${summary}`]
}
