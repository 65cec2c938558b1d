// A handler with all that it imports, as it was inspected: processes start from it until a reload takes newer files in,
// so that a reload that is kept out changes nothing.
import { z } from 'zod'
import { type KeptFile, MAX_KEPT_CHARACTERS, MAX_KEPT_FILES } from './child/kept-files.ts'

const file: z.ZodType<KeptFile> = z.object({
  url: z.string(),
  format: z.string().nullable(),
  source: z.string(),
})

/** What a process says that it has loaded; null: too much to be kept. */
export const keptFiles = z
  .array(file)
  .max(MAX_KEPT_FILES)
  .refine((files) => files.reduce((sum, { source }) => sum + source.length, 0) <= MAX_KEPT_CHARACTERS)
  .nullable()
  .catch(null)
