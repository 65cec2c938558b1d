// Telegram's links: what it takes for one, and what it leaves as plain text without a word.
import type { MessageEntity } from './entities.ts'

/** The entity of a link, or null when Telegram would drop it: a host without a dot, for one (`http://localhost`). */
export function linkEntity(target: string, range: { offset: number; length: number }): MessageEntity | null {
  const user = /^tg:(?:\/\/)?user\?id=(\d+)$/i.exec(target)?.[1]
  if (user !== undefined) return { type: 'text_mention', ...range, user: { id: Number(user) } }
  const url = checkedUrl(target)
  return url === null ? null : { type: 'text_link', ...range, url }
}

function checkedUrl(target: string): string | null {
  if (/^(tg|ton|tonsite):/i.test(target)) return /^\w+:(?:\/\/)?[\w.-]+/.test(target) ? target : null
  const withScheme = /^https?:\/\//i.test(target)
    ? target
    : /^[a-z][a-z0-9+-]*:/i.test(target) && !/^[^/]*:\d/.test(target)
      ? null
      : `http://${target}`
  if (withScheme === null || /\s/.test(withScheme) || !URL.canParse(withScheme)) return null
  const { hostname, href } = new URL(withScheme)
  return hostname.includes('.') || hostname.startsWith('[') ? href : null
}
