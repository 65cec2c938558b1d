// One line on stderr that is written over and over: on a terminal alone.

/** Shows nothing unless stderr is a terminal. */
export function createProgress() {
  const write = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[2K${text}`)
  let shown = false
  return {
    show(text: string) {
      shown = true
      write(text)
    },
    /** Takes the line away. */
    clear() {
      if (shown) write('')
      shown = false
    },
  }
}
