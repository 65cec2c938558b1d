// Where messages go: telegram:CHAT_ID | slack:WEBHOOK_URL | discord:WEBHOOK_URL | http(s)://…
import { isHttpUrl } from './schema-parts.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Whether a message can be sent there. Slack and Discord want https, except on this machine (stand-ins). */
export function isAddress(value: string): boolean {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(value) ?? []
  if (scheme === 'telegram') return /^-?[1-9]\d{0,15}$/.test(rest)
  if (scheme !== 'slack' && scheme !== 'discord') return isHttpUrl(value)
  if (!isHttpUrl(rest)) return false
  const url = new URL(rest)
  return url.protocol === 'https:' || LOOPBACK.test(url.hostname)
}

/** The chat of a `telegram:` address, or null. */
export function telegramChat(address: string | null): number | null {
  return address?.startsWith('telegram:') ? Number(address.slice('telegram:'.length)) : null
}
