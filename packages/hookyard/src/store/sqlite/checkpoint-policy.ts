// When the write-ahead log is copied into the database: little at a time, since commits that sync the log take several
// times as long while a checkpoint syncs the database; and not at all during a burst, since the copying can wait until
// it is quiet, and whoever sends the deliveries of a burst cannot.

/** Less is not worth a checkpoint, in bytes. */
const WORTH_BYTES = 1024 * 1024
/** A burst may leave so much in the log, in bytes; one that lasts is no burst but how things are. */
const BURST_BYTES = 256 * 1024 * 1024

/** `log`: pages in it; `uncopied`: bytes; `room`: bytes free on its disk. To be asked again when the answer is `wait`. */
export type WhenToCopy = (log: number, uncopied: number, room: () => number) => 'copy' | 'wait' | 'nothing'

/** Knows what it was asked last: a log that has not grown since then is quiet. */
export function createWhenToCopy(): WhenToCopy {
  let seen = 0
  let lasting = false
  return (log, uncopied, room) => {
    if (uncopied < WORTH_BYTES) return 'nothing'
    const grows = log !== seen
    seen = log
    lasting = grows && (lasting || uncopied > BURST_BYTES)
    if (!grows || lasting) return 'copy'
    // The copy needs as much again: a log for which there is no room any more would hold the disk full for good.
    return room() < 2 * uncopied ? 'copy' : 'wait'
  }
}
