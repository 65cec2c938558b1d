import { monotonicFactory } from 'ulid'

/** Makes run ids: ULIDs in lower case, which sort by time, also within a millisecond, and read well in a file name. */
export function createRunIds(): () => string {
  const next = monotonicFactory()
  return () => next().toLowerCase()
}
