// Warnings: the configuration works, but perhaps not as its author thinks.
import type { Config } from './config.ts'
import { collectInto, type Problem, type Say } from './problem.ts'
import { hidden } from './show.ts'
import { asList, asMap } from './value-path.ts'
import type { YamlSource } from './yaml-source.ts'

/** What to tell about a valid configuration. `value` is the file as written. */
export function warningsOf(config: Config, value: unknown, source: YamlSource): Problem[] {
  const warnings: Problem[] = []
  const warn = collectInto(warnings, source)
  adviseIntake(config, warn)
  adviseAccess(config, value, warn)
  adviseTelegram(config, warn)
  for (const [name, { maxWorkers }] of Object.entries(config.modules)) {
    if (maxWorkers === null || maxWorkers <= config.workers.concurrency) continue
    const expected = `at most workers.concurrency (${config.workers.concurrency}): there are no more`
    warn(['modules', name, 'max_workers'], { found: String(maxWorkers), expected })
  }
  config.apiTokens.forEach(({ token }, index) => {
    if (token.length >= 16) return
    const hint = 'make one with `openssl rand -hex 24`'
    warn(['api_tokens', index, 'token'], {
      found: hidden(token),
      expected: 'a token that nobody guesses',
      hint,
    })
  })
  return warnings
}

/** The contract names polling; until it is built, nobody may believe that it brings anything. */
function adviseIntake({ github: { intake } }: Config, warn: Say): void {
  if (intake === 'webhook') return
  warn(['github', 'intake'], {
    found: intake,
    expected:
      'webhook; polling is not built yet: nothing is fetched from GitHub, only a webhook brings events',
    hint:
      'set GITHUB_WEBHOOK_SECRET, give GitHub a webhook with that secret to /webhook/github of this server, ' +
      'and write intake: webhook',
  })
}

function adviseAccess(config: Config, value: unknown, warn: Say): void {
  if (config.github.token === null && config.github.app === null) {
    warn(['github', 'token'], {
      found: 'nothing',
      expected: 'a token or an App; without one, modules cannot read or write on GitHub',
      hint: 'set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE',
    })
  }
  if (config.repos.length === 0 && config.users.every((user) => user.repos.length === 0)) {
    warn(['repos'], {
      found: 'nothing',
      expected: 'repositories; without them no module may act anywhere',
      hint: 'write repos: ["OWNER/NAME"]',
    })
  }
  const { users, notify } = asMap(value)
  if (asList(users).length > 0 && typeof notify === 'string') {
    const found = 'an address that nobody uses, because there are users'
    warn(['notify'], { found, expected: 'an address per user', hint: 'move it to users[…].notify' })
  }
}

function adviseTelegram(config: Config, warn: Say): void {
  const { telegram, users } = config
  if (telegram.botToken === null && users.some((user) => user.address?.startsWith('telegram:'))) {
    warn(['telegram', 'bot_token'], {
      found: 'nothing',
      expected: 'a bot token; without one, messages to Telegram go to the log',
      hint: 'set TELEGRAM_BOT_TOKEN (from @BotFather)',
    })
  }
  if (telegram.updates === 'webhook' && config.server.publicUrl === null) {
    warn(['server', 'public_url'], {
      found: 'nothing',
      expected: 'the address under which Telegram reaches this server (telegram.updates is webhook)',
      hint: 'write server.public_url',
    })
  }
  users.forEach((user, index) => {
    if (user.hear !== 'mine' || user.github !== null) return
    warn(['users', index, 'hear'], {
      found: 'mine, without a GitHub login',
      expected: 'a login; without one nothing is theirs, and they hear nothing',
      hint: `write github: LOGIN for ${user.name}`,
    })
  })
  users.forEach((user, index) => {
    if (user.chatId === null || user.chatId > 0 || user.telegramId !== null) return
    warn(['users', index, 'chat_id'], {
      found: 'a group, without the person who speaks there',
      expected: 'telegram_id; without it nobody commands or answers there as this user',
      hint: `write telegram_id, or let the person claim it: hookyard invite ${user.name}`,
    })
  })
  const chats = users.map((user) => user.chatId)
  users.forEach((user, index) => {
    if (user.chatId === null || user.chatId < 0 || chats.indexOf(user.chatId) === index) return
    const found = `the chat of ${users[chats.indexOf(user.chatId)]?.name} again`
    warn(['users', index, 'chat_id'], {
      found,
      expected: 'a chat of its own; commands from it count as the first user',
    })
  })
}
