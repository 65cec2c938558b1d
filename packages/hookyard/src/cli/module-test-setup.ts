// Preloaded by `hookyard test-module` into the process of a module's tests, so that they find the SDK.
import { resolveSdk } from '../run/child/resolve-sdk.ts'

resolveSdk()
