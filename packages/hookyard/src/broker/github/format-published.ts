// Every text on its way to GitHub, in the shape that its field takes. A run that never asked an agent speaks as its author
// wrote it; what a tainted run says is judged here, last of all: only our own marker comes behind it.
import { MAX_BODY, truncated, withMarker } from './body.ts'
import { sanitizeTitle, sanitizeWithin } from './sanitize-markdown.ts'
import type { RunScope } from './scope.ts'

type Scope = Pick<RunScope, 'judged'>

/** The body of a comment or a review, with the marker at its end; `suggestions`: on a line of the diff. */
export function publishedBody(
  { judged }: Scope,
  text: string,
  marker: string,
  { suggestions = false }: { readonly suggestions?: boolean } = {},
): string {
  if (!judged) return withMarker(text, marker)
  const room = MAX_BODY - marker.length - 2
  return `${sanitizeWithin(text.trim(), { ...judged, suggestions }, room)}\n\n${marker}`.trimStart()
}

/** Markdown elsewhere, at most `limit` characters. */
export const publishedText = ({ judged }: Scope, text: string, limit: number): string =>
  judged ? sanitizeWithin(text, judged, limit) : truncated(text, limit)

/** What GitHub shows as one line of plain text. */
export const publishedTitle = ({ judged }: Scope, text: string): string =>
  judged ? sanitizeTitle(text) : text

const ANNOTATION_TEXTS = ['message', 'raw_details']
const ANNOTATION_FIELDS = [
  ...['path', 'start_line', 'end_line', 'start_column', 'end_column', 'annotation_level', 'title'],
  ...ANNOTATION_TEXTS,
]

/** The output of a check run; a tainted run's has no pictures, and no field that is not known here. */
export function publishedOutput(
  scope: Scope,
  output: { readonly title: string; readonly summary: string; readonly [field: string]: unknown },
  limit: number,
): Record<string, unknown> {
  if (!scope.judged) return output
  const { title, summary, text, annotations } = output
  const said = (value: unknown) => publishedText(scope, String(value), limit)
  const known = (annotation: unknown) =>
    Object.entries(Object(annotation) as object).flatMap(([field, value]: [string, unknown]) => {
      if (!ANNOTATION_FIELDS.includes(field)) return []
      if (field === 'title') return [[field, publishedTitle(scope, String(value))]]
      return [[field, ANNOTATION_TEXTS.includes(field) ? said(value) : value]]
    })
  return {
    title: publishedTitle(scope, title),
    summary: said(summary),
    ...(text == null ? {} : { text: said(text) }),
    ...(Array.isArray(annotations)
      ? { annotations: annotations.map((one) => Object.fromEntries(known(one)) as Record<string, unknown>) }
      : {}),
  }
}
