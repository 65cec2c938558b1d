// docs/chat.md and docs/notify.md are true: each conversation is held, each list is complete, the example verifies.
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { COMMANDS } from '../../packages/hookyard/src/chat/commands/commands.ts'
import { sign } from '../../packages/hookyard/src/send/webhook-sender.ts'
import { closeInstallations } from '../installation.ts'
import { openChat } from './scene.ts'

afterEach(closeInstallations)

const root = resolve(import.meta.dirname, '../..')
const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8')
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '')

interface Turn {
  readonly who: string
  readonly says: string
  readonly answer: string
}

function turnsOf(block: string): Turn[] {
  const turns: Turn[] = []
  for (const line of block.trimEnd().split('\n')) {
    const [, who, says] = /^(\w+)> (.*)$/.exec(line) ?? []
    const last = turns.at(-1)
    if (who !== undefined && says !== undefined) turns.push({ who, says, answer: '' })
    else if (last)
      turns[turns.length - 1] = { ...last, answer: last.answer === '' ? line : `${last.answer}\n${line}` }
  }
  return turns
}

/** `…` stands for whatever. */
const asPattern = (answer: string) =>
  new RegExp(
    `^${answer
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('[^]*')}$`,
  )

describe('docs/chat.md', () => {
  const text = page('chat.md')
  const { repos, users } = parse(blocks(text, 'yaml')[0] ?? '') as {
    repos: string[]
    users: { name: string; chat_id: number }[]
  }

  test.each(blocks(text, 'chat').map((block) => [turnsOf(block)] as const))(
    'a conversation goes as it says',
    async (turns) => {
      expect(turns.length).toBeGreaterThan(2)
      const at = await openChat({ repos, users, builtins: true, modules: {} })
      for (const { who, says, answer } of turns) {
        const chat = users.find(({ name }) => name === who)?.chat_id ?? 0
        expect(await at.ask(chat, says)).toMatch(asPattern(answer))
      }
    },
  )

  test('every command is in its table, and every one in its table is a command', () => {
    const table = text.slice(text.indexOf('| command | does |'), text.indexOf('An ENTITY is'))
    const told = [...table.matchAll(/^\| (.+?) \|/gm)].flatMap((row) =>
      [...(row[1] ?? '').matchAll(/`\/(\w+)/g)].map((match) => match[1]),
    )
    const also = [...text.matchAll(/`\/(unmute)/g)].map((match) => match[1])
    expect([...new Set([...told, ...also])].toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted())
  })
})

describe('docs/notify.md', () => {
  const text = page('notify.md')

  test('the example for receivers takes what is signed, and refuses what is not, or is old', async () => {
    const code = blocks(text, 'js')[0] ?? ''
    const { isFromHookyard } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      isFromHookyard: (body: string, headers: Record<string, string>, key: string, now: number) => boolean
    }
    const body = blocks(text, 'json')[0] ?? ''
    const now = Date.parse((JSON.parse(body) as { timestamp: string }).timestamp)
    const headers = { 'x-hookyard-signature-256': sign(body, 'the key') }
    expect(headers['x-hookyard-signature-256']).toBe(
      `sha256=${createHmac('sha256', 'the key').update(body).digest('hex')}`,
    )
    expect(isFromHookyard(body, headers, 'the key', now)).toBe(true)
    expect(isFromHookyard(`${body} `, headers, 'the key', now)).toBe(false)
    expect(isFromHookyard(body, headers, 'another', now)).toBe(false)
    expect(isFromHookyard(body, {}, 'the key', now)).toBe(false)
    expect(isFromHookyard(body, headers, 'the key', now + 600_000)).toBe(false)
  })
})
