// What acts in a text once GitHub's own program has made HTML of it (Debian's cmark-gfm). Shares no code with what it judges.
import { spawnSync } from 'node:child_process'

const EXTENSIONS = ['table', 'strikethrough', 'autolink', 'tasklist'].flatMap((name) => ['-e', name])
const FLAGS = [...EXTENSIONS, '-e', 'footnotes']

/** Whether the program is there. */
export const hasCmark = (): boolean => spawnSync('cmark-gfm', ['--version']).status === 0

export interface People {
  readonly logins: readonly string[]
  readonly hosts: readonly string[]
  /** Where links of GitHub's own host may lead. */
  readonly own: string
}

/** One finding per text that acts: its place in the list, and why. */
export function actingTexts(texts: readonly string[], people: People): { at: number; why: string }[] {
  const together = renderEach(texts)
  // A text that swallowed what follows it hides the others: then each has a process of its own.
  const pages = together ?? texts.map((text) => renderEach([text])?.[0] ?? null)
  return pages.flatMap((page, at) => {
    const why = page === null ? 'does not end' : acts(page, people)
    return why === null ? [] : [{ at, why }]
  })
}

interface Page {
  readonly unsafe: string
  /** With a note where raw HTML was. */
  readonly safe: string
}

/** The texts in one process, a paragraph between each two; null when one of these is not a paragraph any more. */
function renderEach(texts: readonly string[]): Page[] | null {
  const [unsafe, safe] = [['--unsafe'], []].map((more) => parts(texts, more))
  if (!unsafe || !safe) return null
  return texts.map((_text, at) => ({ unsafe: unsafe[at] ?? '', safe: safe[at] ?? '' }))
}

function parts(texts: readonly string[], flags: readonly string[]): string[] | null {
  const input = texts.map((text, at) => `${text}\n\nhookyardend${at}end\n\n`).join('')
  const { stdout, status } = spawnSync('cmark-gfm', [...FLAGS, ...flags], { input, maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`cmark-gfm ended with ${status}`)
  const found = stdout.toString().split(/^<p>hookyardend(\d+)end<\/p>\n/m)
  const marks = found.filter((_part, index) => index % 2 === 1)
  const whole = marks.length === texts.length && marks.every((mark, at) => mark === String(at))
  return whole ? found.filter((_part, index) => index % 2 === 0) : null
}

const OWN_TAGS =
  /^<\/?(?:p|h[1-6]|ul|ol|li|blockquote|strong|em|del|hr|br|table|thead|tbody|tr|th|td|a|code|pre|input)\b[^>]*>$/

function acts({ unsafe, safe }: Page, people: People): string | null {
  if (safe.includes('raw HTML omitted')) return 'raw HTML'
  const shown = unsafe.replace(/<pre[^>]*><code[^>]*>[^]*?<\/code><\/pre>|<code>[^]*?<\/code>/g, '<code>')
  for (const [tag] of shown.matchAll(/<[^>]*>/g)) {
    if (!OWN_TAGS.test(tag)) return `the tag ${tag}`
    const href = /^<a href="([^"]*)"/.exec(tag)?.[1]
    if (tag.startsWith('<a') && !mayLink(unescaped(href ?? ''), people)) return `a link to ${href}`
  }
  for (const node of shown.split(/<[^>]*>/)) {
    for (const [, login = ''] of unescaped(node).matchAll(/(?:^|\W)@([a-z0-9][a-z0-9-]*)/gi))
      if (!people.logins.includes(login.toLowerCase())) return `mentions ${login}`
  }
  return null
}

function mayLink(href: string, { hosts, own }: People): boolean {
  const url = URL.parse(href)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') return false
  return hosts.includes(url.hostname) || url.href.startsWith(own)
}

const unescaped = (html: string): string =>
  html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
