// Reads the address that a module wants. What is checked here is what is sent: the path is put together again from
// the checked segments, so no encoding can mean one thing to the gate and another to GitHub.
import { isDots } from './scope.ts'

export interface GateAddress {
  /** Decoded, at least one. */
  readonly segments: readonly string[]
  /** As it goes out, without the query. */
  readonly path: string
  readonly query: URLSearchParams
}

const MAX_URL = 8_192
/** Printable ASCII without what URL parsers read in more than one way (a backslash is a slash to some). */
const PLAIN = /^\/[\x21-\x7e]*$/
const AMBIGUOUS = /[\\#"<>^`{|}]/

/** The address below the API's base, or the sentence that says what is wrong with it. */
export function readAddress(apiUrl: string, url: string): GateAddress | string {
  if (url.length > MAX_URL) return `the address is longer than ${MAX_URL} characters`
  // No URL parser here: it would resolve `..`, drop line breaks and accept `user@host` before anything is checked.
  if (!url.startsWith(`${apiUrl}/`)) return `only addresses below ${apiUrl} can be reached`
  const below = url.slice(apiUrl.length)
  if (!PLAIN.test(below) || AMBIGUOUS.test(below))
    return 'the address holds characters that do not belong into one'
  const mark = below.indexOf('?')
  const raw = (mark < 0 ? below : below.slice(0, mark)).slice(1).split('/')
  // Octokit ends the address of a repository's root folder with a slash.
  if (raw.length > 1 && raw.at(-1) === '') raw.pop()
  const segments: string[] = []
  for (const part of raw) {
    const segment = readSegment(part)
    if (segment === null) return `the address holds the segment ${JSON.stringify(part.slice(0, 80))}`
    segments.push(segment)
  }
  return {
    segments,
    path: `/${segments.map(encodeURIComponent).join('/')}`,
    query: new URLSearchParams(mark < 0 ? '' : below.slice(mark + 1)),
  }
}

function readSegment(part: string): string | null {
  let segment: string
  try {
    segment = decodeURIComponent(part)
  } catch {
    return null
  }
  if (segment === '' || /[\p{Cc}\\]/u.test(segment)) return null
  // Encoded twice: whoever decodes twice would see another path.
  if (/%(?:2e|2f|5c|25|0)/i.test(segment)) return null
  // An encoded slash is how Octokit writes a file's path or a label's name; a way upwards it may not be.
  return segment.split('/').some(isDots) ? null : segment
}
