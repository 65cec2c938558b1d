import { defineModule } from '@hookyard/sdk'

const STEP = 32 * 1024 * 1024
const kept = []

export default defineModule({
  subject: 'none',
  /** 1 GiB and a little within a second or two, every page written to; then it waits to be stopped. */
  async handle({ signal }) {
    for (let taken = 0; taken < 1_100 * 1024 * 1024; taken += STEP) {
      kept.push(Buffer.alloc(STEP, 1))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  },
})
