// `@hookyard/sdk` resolves from any folder, with nothing to install; `zod` too when the module brings none.
import { registerHooks } from 'node:module'
import { extname } from 'node:path'

const ending = extname(import.meta.url)
const sdk: Readonly<Record<string, string>> = {
  '@hookyard/sdk': new URL(`../../sdk/index${ending}`, import.meta.url).href,
  '@hookyard/sdk/testing': new URL(`../../sdk/testing${ending}`, import.meta.url).href,
}

/** Teaches this process where the SDK is. */
export function resolveSdk(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const own = sdk[specifier]
      if (own !== undefined) return { url: own, shortCircuit: true }
      try {
        return next(specifier, context)
      } catch (error) {
        if (specifier !== 'zod' && !specifier.startsWith('zod/')) throw error
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    },
  })
}
