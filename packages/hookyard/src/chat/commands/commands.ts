// All commands, in the order in which people see them. A new one is a new entry here.
import { hintFor } from '../../config/hints.ts'
import type { Command } from '../command.ts'
import { unfit } from '../read-args.ts'
import { helpCommand, startCommand } from './help.ts'
import { muteCommand, notifyCommand, resetCommand, unmuteCommand } from './messages.ts'
import { addCommand, removeCommand, reposCommand } from './repositories.ts'
import { modulesCommand, offCommand, onCommand } from './switches.ts'
import { runCommand, runsCommand, statusCommand, whyCommand } from './work.ts'

export const COMMANDS: readonly Command[] = [
  startCommand,
  helpCommand(() => COMMANDS),
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

const BY_NAME = new Map(COMMANDS.map((command) => [command.name, command]))

export const findCommand = (name: string): Command | undefined => BY_NAME.get(name)

/** The answer to a command that there is not, with the one that was probably meant. */
export function unknownCommand(name: string): Error {
  const hint = hintFor(name, [...BY_NAME.keys()])
  const meant = hint?.startsWith('write ') ? ` Did you mean /${hint.slice('write '.length)}?` : ''
  return unfit(`There is no command /${name.slice(0, 50)}.${meant} /help lists all.`)
}
