// Closing the port: what is under way is answered, what only holds a connection open is not waited for.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How often a closing server looks for connections that nothing is under way on, in ms. */
const LOOK_EVERY_MS = 100

/**
 * Node waits for every connection, also for those that never sent a byte (browsers and balancers open such
 * ahead) and for those that stay open after their answer, and it no longer puts out slow ones. So: silent
 * and answered ones end soon, all the others after `drainMs`.
 */
export function installDrain(app: FastifyInstance, drainMs: number): void {
  const open = new Set<Socket>()
  const timers: NodeJS.Timeout[] = []

  app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  // Not at once: the bytes of a silent one may be on their way.
  const look = () => {
    app.server.closeIdleConnections()
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  }
  app.addHook('preClose', (done) => {
    timers.push(
      setInterval(look, LOOK_EVERY_MS),
      setTimeout(() => app.server.closeAllConnections(), drainMs),
    )
    done()
  })
  app.addHook('onClose', (_app, done) => {
    for (const timer of timers) clearTimeout(timer)
    done()
  })
}
