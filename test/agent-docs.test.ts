// The examples of docs/agent.md are configurations that load.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PRICES_OF } from '../packages/hookyard/src/broker/agent/api/prices.ts'
import { readText, SECRET } from '../packages/hookyard/testing/config/read.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/agent.md'), 'utf8')
const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '')

test('there are examples', () => expect(examples.length).toBeGreaterThanOrEqual(4))

test.each(examples)('this example loads:\n%s', (example) => {
  const { config, problems } = readText(example, {
    ...SECRET,
    ANTHROPIC_API_KEY: 'sk-ant-a-key',
    OPENAI_API_KEY: 'sk-a-key',
  })
  // A module's name is checked against the modules that are there, later.
  expect(problems).toEqual([])
  expect(config).not.toBeNull()
})

test('the page tells the date of the prices', () => expect(page).toContain(PRICES_OF))
