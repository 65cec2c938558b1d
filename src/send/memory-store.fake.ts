// An OutboxStore in memory, and its rows to look at.
import type { OutboxQueue } from './outbox.ts'
import type { NewMessage, OutboxRow, OutboxStore } from '../store/store.ts'

export interface StoredRow extends OutboxRow {
  tries: number
  nextAt: number
  status: 'waiting' | 'sent' | 'dead'
  error: string | null
}

export interface MemoryStore extends OutboxQueue, Pick<OutboxStore, 'add'> {
  readonly rows: StoredRow[]
}

/** An empty one. */
export function createMemoryStore(): MemoryStore {
  const rows: StoredRow[] = []
  const waiting = () => rows.filter(({ status }) => status === 'waiting')
  const heads = () =>
    [
      ...new Map(
        waiting()
          .reverse()
          .map((row) => [row.address, row]),
      ).values(),
    ].reverse()
  const change = (id: number, fields: Partial<StoredRow>) => {
    Object.assign(
      rows.find((row) => row.id === id)!,
      fields,
    )
    return Promise.resolve()
  }
  return {
    rows,
    add(messages: readonly NewMessage[]) {
      for (const { address, message, createdAt } of messages) {
        const fresh = { status: 'waiting', error: null, tries: 0, nextAt: createdAt } as const
        rows.push({ id: rows.length + 1, address, message, createdAt, ...fresh })
      }
      return Promise.resolve()
    },
    due: (now, limit) =>
      Promise.resolve(
        heads()
          .filter((row) => row.nextAt <= now)
          .slice(0, limit)
          .map((row) => ({ ...row })),
      ),
    sent: (id) => change(id, { status: 'sent' }),
    again: (id, nextAt, error) =>
      change(id, { nextAt, error, tries: rows.find((row) => row.id === id)!.tries + 1 }),
    dead: (id, error) => change(id, { status: 'dead', error }),
    nextDue: () =>
      Promise.resolve(
        heads().reduce<number | null>((next, { nextAt }) => Math.min(next ?? Infinity, nextAt), null),
      ),
  }
}
