// What commands print: tables for people, one JSON document for programs. Much of it was written by strangers, and a
// terminal obeys what it is sent: no control character comes through.
import { oneLine } from '../send/untrusted-text.ts'

/** Rows under headings, in columns as wide as they must be; the last column as it comes. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows].map((row) => row.map((cell) => oneLine(cell)))
  const widths = headings.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))))
  const padded = (cell: string, column: number) => cell + ' '.repeat((widths[column] ?? 0) - width(cell))
  return all.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('')
}

/** How many places a text takes, as far as counting its characters tells. */
const width = (text: string) => [...new Intl.Segmenter().segment(text)].length

let done = false

/** Whether this command has printed its result: there is one document on stdout, never two. */
export const hasPrinted = (): boolean => done

/** A command begins: it has printed nothing. */
export const beginOutput = (): void => void (done = false)

/** Prints the result: as JSON, or as the text that is made of it. */
export function print<Result>(
  result: Result,
  json: boolean | undefined,
  render: (result: Result) => string,
): void {
  done = true
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : render(result))
}

/** `/review`, `schedule "0 9 * * 1-5" Europe/Berlin`, `pull_request (opened)` */
export function describeTrigger(
  trigger:
    | { type: 'webhook'; event: string; actions: readonly string[] | null }
    | { type: 'command'; command: string }
    | { type: 'schedule'; cron: string; timezone: string | null },
): string {
  if (trigger.type === 'command') return `/${trigger.command}`
  if (trigger.type === 'schedule') return `schedule "${trigger.cron}" ${trigger.timezone ?? ''}`.trimEnd()
  return trigger.actions === null ? trigger.event : `${trigger.event} (${trigger.actions.join(', ')})`
}

/** A moment as people read it, in UTC; a dash for none. */
export const shortTime = (iso: string | null): string =>
  iso === null ? '-' : iso.slice(0, 19).replace('T', ' ')

/** Dollars as a table shows them. */
export const dollars = (usd: number): string => (usd === 0 ? '-' : `$${usd.toFixed(usd < 0.1 ? 4 : 2)}`)
