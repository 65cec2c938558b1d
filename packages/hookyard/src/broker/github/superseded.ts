/** The subject has moved on since the run loaded it: the run ends `skipped: superseded` instead of writing. */
export class SupersededError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SupersededError'
  }
}
