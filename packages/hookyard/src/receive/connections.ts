// So many connections and no more. A flood of idle ones, or of requests that never end, must not keep GitHub out: the
// one that has been idle for longest makes room for the new one. (Node's own `maxConnections` refuses the new one.)
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * Keeps the server's connections below `max`. `dropBusy` ends the least deserving of the requests under way, for when no
 * connection is idle; false: there is none to end.
 */
export function limitConnections(app: FastifyInstance, max: number, dropBusy: () => boolean): void {
  /** Without a request under way, a request whose headers have not arrived included; the idlest first. */
  const idle = new Set<Socket>()
  let open = 0

  app.server.on('connection', (socket: Socket) => {
    open += 1
    idle.add(socket)
    socket.once('close', () => {
      open -= 1
      idle.delete(socket)
    })
    if (open <= max) return
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
}
