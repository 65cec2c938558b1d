import { defineModule } from '@hookyard/sdk'

export default defineModule({
  subject: 'none',
  handle() {
    process.exit(3)
  },
})
