// The floor: a server that verifies the HMAC over the raw body, parses the JSON and answers. It keeps nothing.
// `node bare.ts SECRET`; prints its port.
import { serveVerified } from './verified.ts'

serveVerified(process.argv[2] ?? '', () => null)
