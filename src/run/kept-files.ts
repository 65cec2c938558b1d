// A handler with all that it imports, as it was inspected: processes start from it until a reload takes newer files in,
// so that a reload that is kept out changes nothing.
import { z } from 'zod'

/** More than this is not kept: such a handler is read from the disk by each process. */
export const MAX_KEPT_CHARACTERS = 16 * 1024 * 1024
export const MAX_KEPT_FILES = 2_000

const file = z.object({ url: z.string(), format: z.string().nullable(), source: z.string() })

/** `format`: as Node's loader names it (`module-typescript` …); null: it has none, of what `require` loads. */
export type KeptFile = z.infer<typeof file>

/** What a process says that it has loaded; null: too much to be kept. */
export const keptFiles = z
  .array(file)
  .max(MAX_KEPT_FILES)
  .refine((files) => files.reduce((sum, { source }) => sum + source.length, 0) <= MAX_KEPT_CHARACTERS)
  .nullable()
  .catch(null)
