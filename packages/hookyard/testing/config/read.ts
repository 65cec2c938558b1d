// Configurations as text, for tests.
import { readConfigText } from '../../src/config/load-config.ts'
import type { ConfigReading } from '../../src/config/load-config.ts'
import type { Problem } from '../../src/config/problem.ts'

/** What every test that is not about the webhook's secret needs. */
export const SECRET = { GITHUB_WEBHOOK_SECRET: 'webhook-secret' }

/** Reads text as `/etc/hookyard/hookyard.yaml`, a file that need not exist. */
export function readText(text: string, env: Readonly<Record<string, string>> = SECRET): ConfigReading {
  return readConfigText(text, '/etc/hookyard/hookyard.yaml', { env })
}

/** The configuration of good text. */
export function goodConfig(text: string, env?: Readonly<Record<string, string>>) {
  const { config, problems } = readText(text, env)
  if (config === null) throw new Error(problems.map(brief).join('\n'))
  return config
}

/** `12:5 server.port: found "abc"`: where and what, in one line. */
export function brief({ line, column, key, found }: Problem): string {
  return `${line}:${column} ${key}: ${found}`
}
