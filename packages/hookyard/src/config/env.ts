// The only reader of process.env in the program.
import type { Variables } from './interpolate.ts'

/** The process's environment as it is now. */
export function environment(): Variables {
  return { ...process.env }
}
