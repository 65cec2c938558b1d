import { defineModule } from '@hookyard/sdk'

export default defineModule({
  subject: 'none',
  handle() {
    for (;;) Math.random()
  },
})
