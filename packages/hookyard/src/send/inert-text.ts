// What a model may have written, on its way to a chat: chat programs make a link of every address and name, a button of every
// command. Here they are written so that a person reads them and no program does: `evil[.]com`, `[/]approve`, `[@]name`.
import { stripInvisible, redactSecrets } from '@hookyard/sdk/host'

const SCHEME = /\b([a-z][a-z0-9+.-]{0,30}):(?=\/\/)/gi
/** A name with dots whose end could be a top-level domain, or an IPv4 address. */
const DOMAIN =
  /(?<![\p{L}\p{N}])(?:[\p{L}\p{N}-]{1,63}\.){1,10}(?:\p{L}{2,63}|xn--[a-z0-9-]{1,59})(?![\p{L}\p{N}_])|\b\d{1,3}(?:\.\d{1,3}){3}\b/giu
/** Endings of files and of our settings that are no top-level domains. */
const HARMLESS =
  /\.(?:[cm]?[jt]sx?|json|ya?ml|go|java|s?css|html?|txt|toml|xml|sql|php|lock|cpp|kt|swift|timeout|command|model|backend|fallback|env)$/i
const NAME = /(?<![\p{L}\p{N}])@(?=[\p{L}\p{N}_])/gu
const COMMAND = /(?<![\p{L}\p{N}_/<])\/(?=\w{1,64}(?:@\w{1,64})?(?![\w/]))/gu

/** The text with nothing in it that a chat program acts on: for what a tainted run says. */
export const inertText = (text: string): string =>
  redactSecrets(stripInvisible(text).text)
    .replace(SCHEME, '$1[:]')
    .replace(DOMAIN, (name) => (HARMLESS.test(name) ? name : name.replaceAll('.', '[.]')))
    .replace(NAME, '[@]')
    .replace(COMMAND, '[/]')
