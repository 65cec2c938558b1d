// A whole installation with a chat: people write, and read what the bot answers.
import { type Given, type TestInstallation, handler, openInstallation, until } from '../installation.ts'

export interface ChatScene extends TestInstallation {
  /** Writes, and resolves with the bot's answer in that chat. */
  ask(chatId: number, text: string, from?: { id?: number; username?: string }): Promise<string>
  /** What the bot wrote into the chat so far. */
  said(chatId: number): string[]
  /** Resolves when everything that was sent to the bot has had its effect, and is answered in these chats. */
  settled(...chats: number[]): Promise<void>
}

export const ALICE = 111
export const BOB = 222

/** Messages about events and runs, which may come in between. */
const NEWS = /^(PR #|took |heard |went on |\S+ (failed|was skipped) on )/

/** alice is an admin with repositories of her own, bob a member with one. */
export const people = [
  { name: 'alice', role: 'admin', chat_id: ALICE, repos: ['octocat/*', 'codertocat/*'] },
  {
    name: 'bob',
    chat_id: BOB,
    repos: ['octocat/hello-world'],
    features: { taking: true, other_flag: false },
  },
]

/** Two modules with flags, one without, one that may not be called. */
export const chatModules: Given['modules'] = {
  taker: {
    manifest: {
      subject: 'none',
      feature_flag: 'taking',
      triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
    },
    handler: handler(`return done('took ' + ctx.entity)`),
  },
  other: {
    manifest: { subject: 'repository', feature_flag: 'other_flag', triggers: [{ webhook: 'star' }] },
    handler: handler(`return done('starred')`),
  },
  everyone: {
    manifest: { subject: 'none', triggers: [{ webhook: 'watch' }] },
    handler: handler(`return done('watched')`),
  },
}

/** Opens it; updates are fetched by polling unless `given.telegram` says otherwise. */
export async function openChat(given: Given = {}): Promise<ChatScene> {
  const at = await openInstallation({
    users: people,
    modules: chatModules,
    ...given,
    telegram: { updates: 'polling', ...given.telegram },
  })
  const said = (chatId: number) =>
    at.telegram.messages.filter((message) => message.chat_id === chatId).map(({ text }) => text)
  const scene: ChatScene = Object.assign(Object.create(at) as TestInstallation, {
    said,
    async ask(chatId: number, text: string, from?: { id?: number; username?: string }) {
      const before = said(chatId).length
      at.telegram.sendText(chatId, text, from)
      return until(`an answer to ${text}`, () =>
        said(chatId)
          .slice(before)
          .find((one) => !NEWS.test(one)),
      )
    },
    async settled(...chats: number[]) {
      // Updates are taken in order, and answers leave in order: this one is the last.
      for (const chat of [...chats, ALICE]) {
        const count = () => said(chat).filter((text) => text.startsWith('/help: ')).length
        const before = count()
        at.telegram.sendText(chat, '/help help')
        await until('everything to have had its effect', () => count() > before)
      }
    },
  })
  return scene
}
