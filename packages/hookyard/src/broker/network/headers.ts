// Headers of a module's request: all go out but those that belong to the connection, which is the service's.
import type { HeaderPairs } from './exchange.ts'

const NOT_A_MODULES = new Set([
  'accept-encoding', // what is decoded here is chosen here
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const MAX_CHARACTERS = 32_768

/** The headers as they go out, names in lower case; or the sentence that says what is wrong with one. */
export function requestHeaders(given: HeaderPairs): HeaderPairs | string {
  const headers: [string, string][] = []
  let characters = 0
  for (const [written, value] of given) {
    const name = written.toLowerCase()
    if (!NAME.test(name)) return `${JSON.stringify(written.slice(0, 80))} is no name of a header`
    if (NOT_A_MODULES.has(name) || name.startsWith('proxy-'))
      return `the header ${name} is set by the service; leave it out`
    if (!VALUE.test(value)) return `the header ${name} holds characters that do not belong into one`
    if (headers.some(([earlier]) => earlier === name)) return `the header ${name} stands there twice`
    characters += name.length + value.length
    headers.push([name, value])
  }
  if (characters > MAX_CHARACTERS) return `its headers have more than ${MAX_CHARACTERS} characters`
  return headers.some(([name]) => name === 'user-agent') ? headers : [...headers, ['user-agent', 'hookyard']]
}

/** For another host: what proves who asks was meant for the first one. */
export const withoutCredentials = (headers: HeaderPairs): HeaderPairs =>
  headers.filter(([name]) => !['authorization', 'cookie'].includes(name))
