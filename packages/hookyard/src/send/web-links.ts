// Web addresses inside a text: services that take marked-up text want them apart from it.

/** A piece of a text; `url`: it is a web address. */
export interface Piece {
  readonly text: string
  readonly url: boolean
}

const ADDRESS = /https?:\/\/[^\s<>"`|\\^{}]+/gi
/** What closes a sentence or a bracket around an address is not part of it. */
const CLOSING = /[.,;:!?'*_~)\]]+$/

/** The text in pieces, in order, none of them empty. */
export function splitLinks(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(CLOSING, '')
    if (!URL.canParse(address)) continue
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), url: false })
    pieces.push({ text: address, url: true })
    from = match.index + address.length
  }
  if (from < text.length) pieces.push({ text: text.slice(from), url: false })
  return pieces
}

/** Whether a link may lead there: the web, and nothing else. */
export const isWebAddress = (url: string): boolean => /^https?:\/\/\S+$/i.test(url) && URL.canParse(url)
