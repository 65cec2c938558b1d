// `@hookyard/sdk` resolves from any folder, with nothing to install; `zod` too when the module brings none.
import { registerHooks } from 'node:module'

const sdk = new Map(
  ['@hookyard/sdk', '@hookyard/sdk/testing'].map((name) => [name, import.meta.resolve(name)]),
)

/** Teaches this process where the SDK is. */
export function resolveSdk(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const own = sdk.get(specifier)
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
