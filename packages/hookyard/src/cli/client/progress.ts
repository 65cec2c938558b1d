// One line on stderr that is written over and over: on a terminal alone.

export interface Progress {
  show(text: string): void
  /** Takes the line away. */
  clear(): void
}

/** Shows nothing unless stderr is a terminal. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { show() {}, clear() {} }
  let shown = false
  return {
    show(text) {
      shown = true
      stream.write(`\r\x1b[2K${text}`)
    },
    clear() {
      if (shown) stream.write('\r\x1b[2K')
      shown = false
    },
  }
}
