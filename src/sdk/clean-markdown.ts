// A model's text on its way to a public page. It was written after reading what strangers wrote, so it is
// made harmless whatever it says: it pings nobody new, shows no picture, links nowhere new, hides nothing.
//
// Code is left as it is, so code must be recognised exactly as GitHub does. Where that is unsure the text is
// taken as prose, and what looks like a code mark in it is escaped: both then read the output alike.
import { cleanProse } from './clean-prose.ts'
import { hostOf } from './hosts.ts'
import { stripInvisible } from './invisible.ts'
import { redactSecrets } from './secrets.ts'

export interface KnownNames {
  /** Logins that may be mentioned: the people of the thread. */
  readonly knownLogins: Iterable<string>
  /** Hosts that may be linked to: those that the input names. */
  readonly knownHosts: Iterable<string>
}

/**
 * Model-written Markdown made fit to be published on GitHub: mentions of unknown people in backticks, no
 * images, no links to unknown hosts or to issues and pull requests by address (`#12` does), no raw HTML or HTML comments, no line that starts a slash command, no
 * invisible characters, no well-known token shapes. Needs no trust in `text`; never throws.
 */
export function cleanMarkdown(text: string, names: KnownNames): string {
  const known = { logins: lowerCase(names.knownLogins), hosts: lowerCase(names.knownHosts) }
  const clean: string[] = []
  let fence: Fence | null = null
  for (const line of redactSecrets(stripInvisible(text).text).split('\n')) {
    if (fence !== null) {
      if (closes(fence, line)) {
        clean.push(fence.end)
        fence = null
        continue
      }
      if (!leaves(fence, line)) {
        clean.push(cleanCodeLine(line))
        continue
      }
      clean.push(fence.end)
    }
    fence = opens(line)
    clean.push(fence === null ? cleanProse(line, known) : fence.start)
  }
  if (fence !== null) clean.push(fence.end)
  // Once more: what was taken out may have joined the halves of a token.
  return redactSecrets(clean.join('\n'))
}

/** The hosts of all `http(s)://` and `www.` addresses in the texts, in lower case. */
export function findHosts(texts: Iterable<string>): Set<string> {
  const hosts = new Set<string>()
  for (const text of texts) {
    for (const match of text.matchAll(/(?:\bhttps?:\/\/|\bwww\.)[^\s/?#\\<>"'`)\]]{1,253}/gi)) {
      const host = hostOf(match[0])
      if (host !== null) hosts.add(host)
    }
  }
  return hosts
}

const lowerCase = (names: Iterable<string>): Set<string> =>
  new Set([...names].map((name) => name.toLowerCase()))

// ── fenced code ──────────────────────────────────────────────────────────────────────────────────

interface Fence {
  readonly start: string
  readonly end: string
  readonly indent: number
  readonly mark: string
}

/**
 * Languages that GitHub draws instead of showing (a drawing may hold links), and `suggestion`, which puts a button under
 * the code that commits it: what may be committed with one click is the module's to check, not the model's to write.
 */
const ACTIVE = new Set(['mermaid', 'geojson', 'topojson', 'stl', 'math', 'suggestion'])

function opens(line: string): Fence | null {
  const match = /^( {0,3})(`{3,}|~{3,})([^`]*)$/.exec(line)
  if (match === null) return null
  const [, space = '', mark = '', info = ''] = match
  const language = /^\s*([A-Za-z0-9+#-]{0,20})/.exec(info)?.[1] ?? ''
  const end = space + mark
  return {
    start: end + (ACTIVE.has(language.toLowerCase()) ? '' : language),
    end,
    indent: space.length,
    mark,
  }
}

/** Generous on purpose: a line that might close it does, and is written so that it surely does. */
function closes(fence: Fence, line: string): boolean {
  const only = line.trim()
  return only.length >= fence.mark.length && only === fence.mark[0]!.repeat(only.length)
}

/** Less indented than its fence: a list around it may have ended, and the code with it. */
const leaves = (fence: Fence, line: string): boolean =>
  line.trim() !== '' && !line.startsWith('\t') && line.length - line.trimStart().length < fence.indent

/** Nothing is active within code; only what other programs look for in the raw text is broken. */
const cleanCodeLine = (line: string): string =>
  line.replaceAll('<!--', '<! --').replace(/^\/(?=[a-z][\w-]*(?:\s|$))/i, ' /')
