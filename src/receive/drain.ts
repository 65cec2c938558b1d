// Closing the port: what is under way is answered, what only holds a connection open is not waited for.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * Node waits for every connection that is not between two requests, also for those that never sent a byte
 * (browsers and balancers open such ahead), and it no longer puts out slow ones. So: the silent ones end at
 * once, the others after `drainMs`.
 */
export function installDrain(app: FastifyInstance, drainMs: number): void {
  const open = new Set<Socket>()
  let deadline: NodeJS.Timeout | undefined

  app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.addHook('preClose', (done) => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    deadline = setTimeout(() => app.server.closeAllConnections(), drainMs)
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearTimeout(deadline)
    done()
  })
}
