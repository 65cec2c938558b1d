// Where the server of a configuration keeps its data: all that a client needs of it. The secrets of the service
// need not be at hand for that, so a file with problems is good enough.
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { environment } from '../../config/env.ts'
import { readConfig } from '../../config/load-config.ts'
import { asMap } from '../../config/value-path.ts'

/** The data folder that the configuration names, absolute; the default's beside a file that is not there. */
export function dataDirOf(configFile: string): string {
  const file = resolve(configFile)
  if (!existsSync(file)) return join(dirname(file), 'data')
  const { config, source } = readConfig({ file, env: environment() })
  if (config !== null) return config.dataDir
  const named = asMap(source.value)['data_dir']
  return resolve(dirname(file), typeof named === 'string' && !named.includes('${') ? named : 'data')
}
