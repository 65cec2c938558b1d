// Shapes that several routes answer with. A named shape is one schema, from which the types of answers, the OpenAPI
// document and the MCP tools are made.
import { z } from 'zod'
import { formatEntity, NO_ENTITY, parseEntity } from '../entity/entity.ts'

/** The named shapes: components of the OpenAPI document. */
export const shapes = z.registry<{ id: string }>()

/** An object that is such a component. */
export const named = <Shape extends z.core.$ZodLooseShape>(id: string, shape: Shape) =>
  z.object(shape).register(shapes, { id })

/** ISO 8601 in UTC. */
export const time = () => z.iso.datetime()

/** An entity key. */
export const entity = () => z.string().describe('`owner/repo#42`, `owner/repo@ref`, `owner/repo` or `-`')

/** Milliseconds since the epoch as ISO 8601. */
export function isoTime(ms: number): string
export function isoTime(ms: number | null): string | null
export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** What to pass as `cursor` for the next page. */
export const nextCursor = () =>
  z.string().nullable().describe('Pass it as `cursor` to go on; null: this was the last page')

/** `cursor` and `limit` of a list of `what`. */
export const paging = (what: string, cursor: RegExp) => ({
  cursor: z
    .string()
    .regex(cursor, `it is none that a page of ${what} gave as \`next_cursor\``)
    .optional()
    .describe('`next_cursor` of the page before'),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Entries in a page'),
})

/** The key as it is stored; what is no entity matches nothing. */
export function normalEntity(text: string): string {
  const parts = parseEntity(text.trim())
  return parts ? formatEntity(parts) : text.trim() === NO_ENTITY ? NO_ENTITY : text
}
