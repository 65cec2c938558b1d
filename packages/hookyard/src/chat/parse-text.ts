// What somebody wrote: a command, with whom it is meant for, or a plain text.

export type Parsed =
  | {
      readonly kind: 'command'
      /** In lower case, without its slash. */
      readonly name: string
      readonly args: readonly string[]
      /** `/help@this_bot`: meant for this bot and no other. */
      readonly addressed: boolean
    }
  /** `/help@another_bot` */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'text'; readonly text: string }

const COMMAND = /^\/([^\s@]{1,100})(?:@([\w]{1,64}))?(?:\s+([^]*))?$/
const MAX_ARGS = 20

/** Reads a text; `username` is the bot's own. Never throws. */
export function parseText(text: string, username: string): Parsed {
  const written = text.trim()
  const [, name, bot, rest = ''] = COMMAND.exec(written) ?? []
  if (name === undefined) return { kind: 'text', text: written }
  if (bot !== undefined && bot.toLowerCase() !== username.toLowerCase()) return { kind: 'elsewhere' }
  const args = rest.split(/\s+/).filter((word) => word !== '')
  return {
    kind: 'command',
    name: name.toLowerCase(),
    args: args.slice(0, MAX_ARGS),
    addressed: bot !== undefined,
  }
}
