// A program for threads.test.ts: a process exits, or a thread of it ends by an error, at the moment at which threads that
// it has started load the add-on.
import { Worker, isMainThread } from 'node:worker_threads'
import { newAddonState, spawnThread } from '../../src/store/sqlite/threads.ts'

const [who = '', name = '', file = ''] = process.argv.slice(2)
const NOT_BEGUN = 0

if (who === 'thread' && isMainThread) {
  new Worker(new URL(import.meta.url), { argv: [who, name, file] }).on('error', () => undefined)
} else {
  // Several: it takes a ms or two, so that one of them is in the middle of it, and another has not begun.
  const states = Array.from({ length: 4 }, () => newAddonState())
  for (const state of states)
    spawnThread(name, name === 'checkpoint' ? file : { file, readOnly: true, now: 0 }, state)
  while (states.every((state) => Atomics.load(state, 0) === NOT_BEGUN));
  const end = performance.now() + Math.random() * 4
  while (performance.now() < end);
  if (isMainThread) process.exit(0)
  throw new Error('the end of the outer thread')
}
