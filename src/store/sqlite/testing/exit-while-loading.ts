// A program for addon.test.ts: exits at the moment at which a thread loads the add-on.
import { newAddonState } from '../addon.ts'
import { spawnThread } from '../spawn.ts'

const [name = '', file = ''] = process.argv.slice(2)
const state = newAddonState()
spawnThread(name, name === 'checkpoint' ? file : { file, readOnly: false, now: 0 }, state)
const NOT_BEGUN = 0
while (Atomics.load(state, 0) === NOT_BEGUN);
process.exit(0)
