// What may stand in a text that an agent had a part in, as a list of what is allowed: GitHub's Markdown is parsed, and every
// node and every piece of text that is not known to be harmless is refused. No node type that is not named here passes.
import type { Nodes } from 'mdast'
import { nodesIn } from '../../lib/markdown.ts'
import { hostOf, hostsIn } from '@hookyard/sdk/host'

/** Whom and where a text may point to, as the broker itself has read it. All in lower case. */
export interface Allowances {
  /** `owner/name` of the run. */
  readonly repository: string
  /** The run's own issue or pull request, which may be named any number of times. */
  readonly number: number | null
  /** The host of GitHub's pages. */
  readonly htmlHost: string
  /** People of the thread. */
  readonly logins: ReadonlySet<string>
  /** Hosts that the input names. */
  readonly hosts: ReadonlySet<string>
  /** A fence `suggestion` may stand here: in an inline comment of a review. */
  readonly suggestions?: boolean
}

/** More references to other issues than this are a flood: GitHub writes each into the issue's timeline. */
export const MAX_REFERENCES = 20

const HARMLESS = new Set(
  'root paragraph heading thematicBreak blockquote list listItem table tableRow tableCell strong emphasis delete break inlineCode'.split(
    ' ',
  ),
)
/** Languages that GitHub draws, or commits with one click, instead of showing. */
const ACTIVE = new Set(['mermaid', 'geojson', 'topojson', 'stl', 'math', 'suggestion'])
/** Blocks that hold a line of text: what spans several of their nodes is looked for in their source. */
const INLINE_BLOCKS = new Set(['paragraph', 'heading', 'tableCell'])
/** An address whose host all programs read alike; before it neither a name nor a password goes. */
const ADDRESS = /^(?:https?:\/\/|www\.)[\p{L}\p{N}.-]+(?::\d{1,5})?(?:[/?#][^\s\\]*|[.,;:!?'")*_~]*)$/iu
const MATH = /\$\$|\$`|\$(?!\s)[^$]*[^\s$]\$(?!\d)/
/** `/name` where a line begins; a path goes on with a slash or a dot. */
export const COMMAND = /^\/[a-z][\w-]*(?![\w-]|[/.]\w)/i

/** Reads one text from its beginning to its end: whether each of its blocks may stay. */
export class Reader {
  readonly #source: string
  readonly #allowed: Allowances
  /** Other issues named so far. */
  #named: ReadonlySet<string> = new Set()

  constructor(source: string, allowed: Allowances) {
    this.#source = source
    this.#allowed = allowed
  }

  /** Whether nothing in the node acts; what a refused one names does not count. */
  accepts(node: Nodes): boolean {
    const before = this.#named
    const harmless = this.#isHarmless(node)
    if (!harmless) this.#named = before
    return harmless
  }

  #isHarmless(node: Nodes): boolean {
    if (INLINE_BLOCKS.has(node.type) && !this.#isQuiet(node)) return false
    switch (node.type) {
      case 'text':
        return this.#isPlain(node.value)
      case 'code':
        // Whether indented code has begun, programs do not agree (behind a table): it gets a fence.
        return /^[`~]{3}/.test(this.#slice(node)) && this.#isShown(node.lang ?? '', node.value)
      case 'link':
        return (
          this.#mayLink(node.url) &&
          this.#endsClearly(node) &&
          node.children.every((child) => this.#isHarmless(child))
        )
      default:
        if (!HARMLESS.has(node.type)) return false
        return !('children' in node) || node.children.every((child) => this.#isHarmless(child))
    }
  }

  #slice({ position }: Nodes): string {
    return this.#source.slice(position?.start.offset, position?.end.offset)
  }

  /** Neither math, which GitHub finds before it looks for code, nor a command of a bot. */
  #isQuiet(node: Nodes): boolean {
    const raw = this.#slice(node)
    if (MATH.test(raw) && !this.#hasDollarsInCodeAlone(node)) return false
    return !raw.split('\n').some((line) => COMMAND.test(line.replace(/^[\s>]+/, '')))
  }

  /**
   * Names of variables, such as `$a` and `$b`. Read as math too nothing acts: without a backslash it is letters, and of
   * single backticks as many stay before it as behind it.
   */
  #hasDollarsInCodeAlone(node: Nodes): boolean {
    const raw = this.#slice(node)
    if (/\$\$|\$`|``/.test(raw) || /\$[^]*\\[^]*\$/.test(raw)) return false
    const spans = [...nodesIn(node)]
      .filter(({ type }) => type === 'inlineCode')
      .map((span) => this.#slice(span))
    return count(spans.join('')) === count(raw)
  }

  #isShown(language: string, code: string): boolean {
    const { suggestions, hosts } = this.#allowed
    // A reader commits it with one click: it brings no host that nobody has named.
    if (language.toLowerCase() === 'suggestion')
      return suggestions === true && [...hostsIn(code)].every((host) => hosts.has(host))
    return /^[a-z0-9+#._-]{0,40}$/i.test(language) && !ACTIVE.has(language.toLowerCase())
  }

  #isPlain(text: string): boolean {
    return (
      !text.includes('<!') &&
      this.#mentionsKnown(text) &&
      this.#namesKnownAddresses(text) &&
      !hasMail(text) &&
      this.#refersWithin(text)
    )
  }

  #mentionsKnown(text: string): boolean {
    const { logins } = this.#allowed
    const mentions = text.matchAll(/(?:(?<![a-z0-9])|(?<=@[\w-]{1,100}))@([a-z0-9][\w-]*)(\/\w)?/gi)
    return [...mentions].every(
      ([, login = '', team]) => team === undefined && logins.has(login.toLowerCase()),
    )
  }

  #namesKnownAddresses(text: string): boolean {
    if (/(?:mailto|xmpp):\S/i.test(text)) return false
    const addresses = text.matchAll(/(?:https?|ftp):\/\/[^ \t\n]+|(?<![a-z0-9])www\.[^ \t\n]+/gi)
    return [...addresses].every(([address]) => this.#mayLink(address))
  }

  /** Where the address of a text that is no link by its marks ends, programs do not agree but before a space. */
  #endsClearly({ position }: Nodes): boolean {
    if (/^[[<]/.test(this.#source.slice(position?.start.offset))) return true
    return /^[.,;:!?'")*_~]*(?:[ \t\n]|$)/.test(this.#source.slice(position?.end.offset))
  }

  #mayLink(address: string): boolean {
    if (!ADDRESS.test(address)) return false
    const url = URL.parse(/^www\./i.test(address) ? `http://${address}` : address)
    const host = hostOf(address)
    if (url === null || host === null) return false
    const { repository, htmlHost, hosts } = this.#allowed
    const [, where, number] =
      /^\/([\w.-]+\/[\w.-]+)(?:\/+(?:issues|pulls?|discussions)\/+(\d+))?/.exec(decoded(url.pathname)) ?? []
    const isOwn = host === htmlHost && where?.toLowerCase() === repository
    // GitHub tells an issue, pull request or discussion that it was linked to, whatever repository it is in.
    if (number !== undefined) return isOwn && this.#refer(number)
    return isOwn || hosts.has(host)
  }

  #refersWithin(text: string): boolean {
    for (const [, where] of text.matchAll(/([\w.-]+\/[\w.-]+)#\d/g))
      if (where?.toLowerCase() !== this.#allowed.repository) return false
    // `somebody#1` is an issue of their fork.
    if (/(?<![\w./-])(?!(?:pr|issue|bug)#)[a-z\d][a-z\d-]*#\d/i.test(text)) return false
    for (const [, where] of text.matchAll(/([\w./-]+)@[0-9a-f]{7,40}(?!\w)/gi))
      if (where?.toLowerCase() !== this.#allowed.repository) return false
    const references = text.matchAll(/(?<!&)#(\d+)(?!\w)|\bGH-(\d+)(?!\w)/gi)
    return [...references].every(([, number, other]) => this.#refer(number ?? other ?? ''))
  }

  #refer(number: string): boolean {
    if (Number(number) !== this.#allowed.number)
      this.#named = new Set([...this.#named, String(Number(number))])
    return this.#named.size <= MAX_REFERENCES
  }
}

const count = (text: string): number => text.split('$').length - 1

/** GitHub makes a link of an address for mail; its last letter is one, so `name@1.2.3` is none. */
function hasMail(text: string): boolean {
  return [...text.matchAll(/[\w.+-]@([\w-]+\.[\w.-]+)/g)].some(([, domain = '']) =>
    /[a-z]/i.test(domain.slice(domain.indexOf('.'))),
  )
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
