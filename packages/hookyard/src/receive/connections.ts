// So many connections and no more, and the end of them. A flood of idle ones, or of requests that never end, must not
// keep GitHub out: the one that has been idle for longest makes room for the new one. (Node's own `maxConnections`
// refuses the new one.)
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How often a closing server looks for connections that nothing is under way on, in ms. */
const LOOK_EVERY_MS = 100

/**
 * Keeps the server's connections below `max`. `dropBusy` ends the least deserving of the requests under way, for when no
 * connection is idle; false: there is none to end. At the close Node would wait for every connection, also for those that
 * never sent a byte (browsers and balancers open such ahead) and for those that stay open after their answer: silent and
 * answered ones end soon, all the others after `drainMs`.
 */
export function limitConnections(
  app: FastifyInstance,
  { connections: max, drainMs }: { connections: number; drainMs: number },
  dropBusy: () => boolean,
): void {
  const open = new Set<Socket>()
  /** Without a request under way, a request whose headers have not arrived included; the idlest first. */
  const idle = new Set<Socket>()
  const timers: NodeJS.Timeout[] = []

  app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    idle.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      idle.delete(socket)
    })
    if (open.size <= max) return
    const [idlest] = idle
    // The new one is idle as well: it goes when there is no other, and no request to be ended either.
    if (idlest === socket && dropBusy()) return
    if (idlest) idle.delete(idlest)
    idlest?.destroy()
  })
  app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket)
    // With requests one behind the other it counts as idle a little early.
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket)
    })
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
