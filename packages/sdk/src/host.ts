// What the service shares with the SDK beside what modules import. No promise to anybody else: it changes with the service.
export * from './index.ts'
export { closeFence } from './blocks.ts'
export * from './create-context.ts'
export { errorKind } from './errors.ts'
export * from './hosts.ts'
export * from './invisible.ts'
export * from './secrets.ts'
