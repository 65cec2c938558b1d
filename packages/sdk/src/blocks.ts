// Pieces of Markdown that others stand behind: what one leaves open would swallow the next.

/** The text with the code fence closed that is still open at its end. */
export function closeFence(text: string): string {
  let open = ''
  for (const line of text.split('\n')) {
    const [, fence = '', info = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? []
    if (fence === '') continue
    if (open === '') open = fence.startsWith('`') && info.includes('`') ? '' : fence
    else if (fence[0] === open[0] && fence.length >= open.length && info.trim() === '') open = ''
  }
  return open === '' ? text : `${text}\n${open}`
}

/**
 * Text of a model as a block of its own in a larger text: at most about `maxChars` characters, whole characters only, its
 * code fence closed, and none in it that GitHub offers to commit. What else it may not say the broker sees to.
 */
export function toBlock(text: string, maxChars: number): string {
  const cut =
    text.length > maxChars
      ? `${text
          .slice(0, maxChars)
          .toWellFormed()
          .replace(/\ufffd$/, '')} …`
      : text
  // A language that is none by its letters could spell `suggestion` in entities.
  const shown = cut.replace(
    /^([\s>*+\-\d.)]*(?:`{3,}|~{3,}))(?!\s*(?!suggestion\b)[\w+#-]{0,20}\s*$).*$/gim,
    (line, fence: string) => (fence.includes('`') && line.slice(fence.length).includes('`') ? line : fence),
  )
  return closeFence(shown.trim())
}

/** One line of a model's text that begins no block; it may stand behind a label or a list mark. */
export const toLine = (text: string, maxChars: number): string =>
  toBlock(text.replace(/\s+/g, ' ').replace(/^(?:[#>\s*+-]|`{3,}|~{3,}|\d{1,9}[.)]\s)+/, ''), maxChars)
