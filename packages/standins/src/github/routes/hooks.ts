// Webhooks of a repository and of the App: their settings, what they delivered, and sending it once more.
import type { Reply } from '../../http.ts'
import { isObject } from '../../is-object.ts'
import { Refusal, notFound } from '../refusal.ts'
import { hook as renderHook, hookDelivery } from '../render/app.ts'
import { repositoryUrl } from '../render/repository.ts'
import type { HookDeliveryState, HookState } from '../state.ts'
import { json, noContent, page, repositoryOf, requireRole, text } from './call.ts'
import type { Call, Routes } from './call.ts'

/** By operation id. */
export const hookRoutes: Routes = {
  'repos/list-webhooks': (call) => {
    requireRole(call, 'admin', notFound)
    const repository = repositoryOf(call)
    return page(call, [...repository.hooks.values()], (state) => renderHook(call.links, repository, state))
  },
  'repos/create-webhook': createHook,
  'repos/get-webhook': (call) => json(200, renderHook(call.links, repositoryOf(call), hookOf(call))),
  'repos/update-webhook': updateHook,
  'repos/delete-webhook': (call) => {
    repositoryOf(call).hooks.delete(hookOf(call).id)
    return noContent
  },
  'repos/ping-webhook': (call) => {
    ping(call, hookOf(call))
    return noContent
  },
  'repos/list-webhook-deliveries': (call) => listDeliveries(call, hookOf(call)),
  'repos/get-webhook-delivery': (call) => getDelivery(call, hookOf(call)),
  'repos/redeliver-webhook-delivery': (call) => redeliver(call, hookOf(call)),
  'apps/list-webhook-deliveries': (call) => listDeliveries(call, appHookOf(call)),
  'apps/get-webhook-delivery': (call) => getDelivery(call, appHookOf(call)),
  'apps/redeliver-webhook-delivery': (call) => redeliver(call, appHookOf(call)),
}

function hookOf(call: Call): HookState {
  requireRole(call, 'admin', notFound)
  const found = repositoryOf(call).hooks.get(Number(call.params.hook_id))
  if (!found) throw notFound()
  return found
}

function appHookOf({ appHook }: Call): HookState {
  if (!appHook) throw notFound()
  return appHook
}

const settings = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {})
const names = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
const refused = (message: string) =>
  new Refusal(422, 'Validation Failed', [{ resource: 'Hook', code: 'custom', field: 'config', message }])

function createHook(call: Call): Reply {
  requireRole(call, 'admin', notFound)
  const repository = repositoryOf(call)
  const config = settings(call.body.config)
  const url = text(config.url)
  if (!url) throw refused('Config must contain URL for webhooks')
  if (!URL.canParse(url)) throw refused('url is malformed')
  if ([...repository.hooks.values()].some((known) => known.url === url)) {
    throw refused('Hook already exists on this repository')
  }
  const now = call.world.now()
  const state: HookState = {
    id: call.world.nextId(),
    active: call.body.active !== false,
    events: call.body.events === undefined ? ['push'] : names(call.body.events),
    url,
    secret: text(config.secret) ?? null,
    contentType: config.content_type === 'json' ? 'json' : 'form',
    createdAt: now,
    updatedAt: now,
    deliveries: [],
  }
  repository.hooks.set(state.id, state)
  ping(call, state)
  return json(201, renderHook(call.links, repository, state))
}

function updateHook(call: Call): Reply {
  const state = hookOf(call)
  const config = settings(call.body.config)
  if (call.body.config !== undefined) {
    state.url = text(config.url) ?? state.url
    // A config without a secret takes the secret away, as GitHub does.
    state.secret = text(config.secret) ?? null
    state.contentType = config.content_type === 'json' ? 'json' : 'form'
  }
  if (typeof call.body.active === 'boolean') state.active = call.body.active
  const events = call.body.events === undefined ? state.events : names(call.body.events)
  const removed = names(call.body.remove_events)
  state.events = [...new Set([...events, ...names(call.body.add_events)])].filter(
    (event) => !removed.includes(event),
  )
  state.updatedAt = call.world.now()
  return json(200, renderHook(call.links, repositoryOf(call), state))
}

/** GitHub greets every new hook. */
function ping(call: Call, state: HookState): void {
  const repository = repositoryOf(call)
  const payload = {
    zen: 'Keep it logically awesome.',
    hook_id: state.id,
    hook: renderHook(call.links, repository, state),
    repository: { id: repository.id, name: repository.name, full_name: repository.fullName },
  }
  call.deliver(state, { event: 'ping', payload })
}

const deliveryUrl = (call: Call, hookId: number, id: number) =>
  call.repository
    ? `${repositoryUrl(call.links, call.repository)}/hooks/${hookId}/deliveries/${id}`
    : `${call.links.api}/app/hook/deliveries/${id}`

const render = (call: Call, hook: HookState, state: HookDeliveryState, whole: boolean) =>
  hookDelivery(call.links, call.repository, state, { whole, url: deliveryUrl(call, hook.id, state.id) })

/** Newest first; pages follow a cursor, not numbers. */
function listDeliveries(call: Call, hook: HookState): Reply {
  const size = Math.min(Number(call.query.get('per_page') ?? 30), 100)
  const status = call.query.get('status')
  const cursor = call.query.get('cursor')
  const before = cursor === null ? Infinity : Number(cursor.replace(/^v1_/, ''))
  const found = hook.deliveries
    .toReversed()
    .filter(
      ({ statusCode }) =>
        status === null || (status === 'success') === (statusCode >= 200 && statusCode < 400),
    )
    .filter(({ id }) => id < before)
  const shown = found.slice(0, size)
  const body = shown.map((state) => render(call, hook, state, false))
  const last = shown.at(-1)
  if (!last || found.length <= size) return json(200, body)
  const next = new URLSearchParams(call.query)
  next.set('cursor', `v1_${last.id}`)
  const path = deliveryUrl(call, hook.id, 0).replace(/\/0$/, '')
  return json(200, body, { link: `<${path}?${next.toString()}>; rel="next"` })
}

function deliveryOf(call: Call, hook: HookState): HookDeliveryState {
  const found = hook.deliveries.find(({ id }) => id === Number(call.params.delivery_id))
  if (!found) throw notFound()
  return found
}

const getDelivery = (call: Call, hook: HookState): Reply =>
  json(200, render(call, hook, deliveryOf(call, hook), true))

function redeliver(call: Call, hook: HookState): Reply {
  const { guid, event, payload } = deliveryOf(call, hook)
  call.deliver(hook, { guid, event, payload, redelivery: true })
  return json(202, {})
}
