// What happened and why, as the API writes it.
import { z } from 'zod'
import { renderTrail } from '../explain/render-trail.ts'
import type { Trail } from '../explain/why.ts'
import { addressLabel } from '../send/address.ts'
import { toPlainText } from '../send/message.ts'
import type { SentMessage } from '../store/store.ts'
import { Delivery, presentDelivery } from './delivery-shape.ts'
import { presentRun, Run } from './run-shape.ts'
import { isoTime, named, shapes, time } from './shapes.ts'

const TrailMessage = named('TrailMessage', {
  to: z.string().describe('A web hook’s address is a secret: only its kind is told'),
  status: z.enum(['queued', 'sent', 'dead']),
  tries: z.int(),
  last_error: z.string().nullable(),
  text: z.string(),
  created_at: time(),
  sent_at: time().nullable(),
})

const RunTrail = Run.extend({ messages: z.array(TrailMessage) }).register(shapes, { id: 'RunTrail' })

const DeliveryTrail = Delivery.extend({
  error: z.string().nullable(),
  runs: z.array(RunTrail),
  messages: z.array(TrailMessage).describe('Those of no run'),
}).register(shapes, { id: 'DeliveryTrail' })

export const TrailAnswer = named('Trail', {
  target: z.string().describe('The delivery’s GUID, or the entity'),
  deliveries: z.array(DeliveryTrail).describe('Newest first'),
  other_runs: z.array(RunTrail).describe('Runs that none of these deliveries names: invoked, scheduled'),
  text: z.string().describe('The same for people'),
})

/** The trail as the API writes it. */
export function presentTrail(trail: Trail): z.output<typeof TrailAnswer> {
  return {
    target: trail.target.kind === 'delivery' ? trail.target.guid : trail.target.entity,
    deliveries: trail.deliveries.map(presentDeliveryTrail),
    other_runs: trail.otherRuns.map(presentRunTrail),
    text: renderTrail(trail),
  }
}

const presentDeliveryTrail = (delivery: Trail['deliveries'][number]): z.output<typeof DeliveryTrail> => ({
  ...presentDelivery(delivery),
  error: delivery.error,
  runs: delivery.runs.map(presentRunTrail),
  messages: delivery.messages.map(presentMessage),
})

const presentRunTrail = (run: Trail['otherRuns'][number]): z.output<typeof RunTrail> => ({
  ...presentRun(run),
  messages: run.messages.map(presentMessage),
})

const presentMessage = (message: SentMessage): z.output<typeof TrailMessage> => ({
  to: addressLabel(message.address),
  status: message.status,
  tries: message.tries,
  last_error: message.lastError,
  text: toPlainText(message.message),
  created_at: isoTime(message.createdAt),
  sent_at: isoTime(message.sentAt),
})
