// The demo's voice: plain text on stdout, each line as it happens.

export type Narrator = ReturnType<typeof createNarrator>

const QUOTED_LINES = 8

/** Writes to `out`; bold headings on a terminal. */
export function createNarrator(out: { write(text: string): unknown; isTTY?: boolean }) {
  let chapters = 0
  return {
    chapter(title: string) {
      chapters += 1
      const line = `${chapters}. ${title}`
      out.write(out.isTTY ? `\n\u001b[1m${line}\u001b[22m\n` : `\n${line}\n`)
    },
    say: (text: string) => void out.write(`   ${text}\n`),
    /** Indented text from outside the demo: a comment, a message. */
    quote(from: string, text: string) {
      const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('<!--'))
      out.write(`   ${from}\n`)
      for (const line of lines.slice(0, QUOTED_LINES)) out.write(`     | ${line}\n`)
      if (lines.length > QUOTED_LINES) out.write(`     | … ${lines.length - QUOTED_LINES} more lines\n`)
    },
  }
}
