// A delivery that waits for a fact holds up nobody, and is next when the fact is there.
import { expect, test } from 'vitest'
import { delivery, pullRequest } from '../../../../test/builders.ts'
import { createAside } from './aside.ts'
import type { DeliveryToDecide, Facts } from './world.ts'

const facts: Facts = { own: false, author: 'allowed' }
/** Each about a pull request of its own, unless the entity is given. */
const some = (guid: string, entity = `o/r#${guid}`): DeliveryToDecide => ({
  ...delivery('pull_request', pullRequest('opened')),
  guid,
  entity,
})

function scene(retryMs = 0) {
  const asked = new Map<string, { resolve: (facts: Facts) => void; reject: (error: Error) => void }>()
  let ready: (() => void) | undefined
  const aside = createAside({
    ask: ({ guid }) =>
      guid.startsWith('plain')
        ? null
        : new Promise<Facts>((resolve, reject) => asked.set(guid, { resolve, reject })),
    onReady: () => ready?.(),
    retryMs,
  })
  const nextReady = () => new Promise<void>((resolve) => (ready = resolve))
  return { aside, asked, nextReady }
}

test('what needs no fact does not wait', () => {
  const { aside } = scene()
  expect(aside.factsOf(some('plain'))).toBeNull()
  expect(aside.waiting).toBe(0)
})

test('a question is asked once, and its answer kept until the delivery is dispatched', async () => {
  const { aside, asked, nextReady } = scene()
  expect([aside.factsOf(some('a')), aside.factsOf(some('a'))]).toEqual(['waiting', 'waiting'])
  expect([asked.size, aside.isWaiting('a'), aside.waiting]).toEqual([1, true, 1])
  const ready = nextReady()
  asked.get('a')?.resolve(facts)
  await ready
  expect([aside.factsOf(some('a')), aside.factsOf(some('a')), aside.isWaiting('a')]).toEqual([
    facts,
    facts,
    false,
  ])
  aside.forget('a')
  expect(aside.factsOf(some('a'))).toBe('waiting')
})

test('a question that failed is asked again', async () => {
  const { aside, asked, nextReady } = scene()
  aside.factsOf(some('a'))
  const ready = nextReady()
  asked.get('a')?.reject(new Error('disk full'))
  await ready
  expect(aside.factsOf(some('a'))).toBe('waiting')
  asked.get('a')?.resolve(facts)
})

test('a flood waits its turn', async () => {
  const { aside, asked, nextReady } = scene()
  for (let count = 0; count < 256; count += 1) aside.factsOf(some(`a${count}`))
  expect([aside.factsOf(some('one-more')), asked.size, aside.isWaiting('one-more')]).toEqual([
    'full',
    256,
    false,
  ])
  const ready = nextReady()
  asked.get('a7')?.resolve(facts)
  await ready
  expect(aside.factsOf(some('one-more'))).toBe('waiting')
})

test('a later delivery of the entity does not pass one that waits; its own question is asked meanwhile', async () => {
  const { aside, asked, nextReady } = scene()
  const [first, second, plain] = [some('a', 'o/r#1'), some('b', 'o/r#1'), some('plain', 'o/r#1')]
  const look = () => [first, second, plain].map((one) => aside.factsOf(one))
  expect(look()).toEqual(['waiting', 'waiting', 'waiting'])
  expect([...asked.keys(), aside.waiting]).toEqual(['a', 'b', 3])
  expect(aside.factsOf(some('plain-too', 'o/r#2'))).toBeNull()
  let ready = nextReady()
  asked.get('b')?.resolve(facts)
  await ready
  expect(look()).toEqual(['waiting', 'waiting', 'waiting'])
  ready = nextReady()
  asked.get('a')?.resolve(facts)
  await ready
  expect([...look(), aside.waiting]).toEqual([facts, facts, null, 0])
})
