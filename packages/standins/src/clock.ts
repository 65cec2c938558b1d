/** Milliseconds since the epoch. Time is a parameter everywhere, so that tests never sleep. */
export type Clock = () => number

/** The machine's wall clock. */
export const systemClock: Clock = () => Date.now()
