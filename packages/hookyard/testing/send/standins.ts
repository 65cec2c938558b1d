// Stand-ins that are gone when the test is over, and what every sender's test says of URLs.
import { onTestFinished } from 'vitest'
import {
  type DiscordOptions,
  type DiscordStandin,
  startDiscord,
} from '../../../../test/standins/discord/discord.ts'
import { type ReceiverStandin, startReceiver } from '../../../../test/standins/receiver/receiver.ts'
import { type SlackOptions, type SlackStandin, startSlack } from '../../../../test/standins/slack/slack.ts'

const kept = <T extends { close(): Promise<void> }>(standin: T): T => {
  onTestFinished(() => standin.close())
  return standin
}

export const openSlack = async (options?: SlackOptions): Promise<SlackStandin> =>
  kept(await startSlack(options))
export const openDiscord = async (options?: DiscordOptions): Promise<DiscordStandin> =>
  kept(await startDiscord(options))
export const openReceiver = async (key: string): Promise<ReceiverStandin> =>
  kept(await startReceiver(() => key))

/** Outside text at its worst: the signs of every mark-up, mentions, addresses, code, broken encodings. */
export const hostileParts = [
  '*', '_', '~', '`', '|', '>', '<', '#', '[', ']', '(', ')', '\\', '&', '@', '-', '+', '1.', ':', '!', ' ', '\n',
  'a', 'word', '**', '__', '```', '||', '~~', '@everyone', '<@123>', '<!channel>', '[x](https://evil.example)',
  '<https://evil.example|click>', 'https://x.example/a_b_c', 'https://x.example/*a*', '&lt;', '\ud83d', '😀',
] // prettier-ignore
