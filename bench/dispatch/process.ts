// One installation in a process of its own, since a larger heap is part of what size costs. It measures one
// slice per message from run.ts, and answers with µs of CPU per delivery.
import { join } from 'node:path'
import { openSqliteStore } from '../../packages/hookyard/src/store/sqlite/open.ts'
import { decideSlice, dispatchSlice } from './slices.ts'
import { createInstallation } from './world.ts'

export interface SliceRequest {
  readonly kind: 'decide' | 'dispatch'
  readonly deliveries: number
}

const [modules = '', users = '', folder = ''] = process.argv.slice(2)
const installation = createInstallation({ modules: Number(modules), users: Number(users) })
const store = await openSqliteStore({ file: join(folder, 'hookyard.db') })

process.on('message', ({ kind, deliveries }: SliceRequest) => {
  const slice =
    kind === 'decide' ? decideSlice(installation, deliveries) : dispatchSlice(installation, store, deliveries)
  slice.then(
    (cost) => process.send?.(cost),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => void store.close())
process.send?.('ready')
