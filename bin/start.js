// `npm start`: the service when there is a hookyard.yaml, else the demo.
import { existsSync } from 'node:fs'

const command = existsSync('hookyard.yaml') ? 'start' : 'demo'
process.argv.splice(2, 0, ...(process.argv[2]?.startsWith('-') || !process.argv[2] ? [command] : []))
await import('./hookyard.js')
