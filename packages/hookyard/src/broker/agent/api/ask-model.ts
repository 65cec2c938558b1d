// One question to a model's API through the AI SDK: USD become a limit of tokens, tokens become USD, failures our errors.
import { generateText, jsonSchema, type LanguageModelUsage, Output } from 'ai'
import { AgentError, PermanentAgentError } from '../agent-error.ts'
import type { BackendAnswer, BackendRequest } from '../backend.ts'
import { schemaPrompt } from '../structured.ts'
import { agentFailure, isSchemaRefusal } from './failure.ts'
import { connect } from './models.ts'
import {
  affordableOutput,
  costOf,
  findPrice,
  guessTokens,
  type KnownPrice,
  PRICES_OF,
  type Tokens,
} from './prices.ts'
import { type ApiMemory, type ApiOptions, addressOf, modelName } from './vendor.ts'

// Its warnings would go to standard error, past our log.
globalThis.AI_SDK_LOG_WARNINGS = false

/** Tokens of an answer, thinking included. A server of one's own decides for itself. */
const MAX_OUTPUT = 32_000
/** Less than this is no answer to a review, and thinking alone may use it up. */
const MIN_OUTPUT = 1_000

interface Question {
  readonly options: ApiOptions
  readonly request: BackendRequest
  readonly model: string
  readonly price: KnownPrice
  /** Ends with the request's signal or its time. */
  readonly signal: AbortSignal
}

/** @throws AgentError, PermanentAgentError or AgentBusy; the signal's reason when it aborts. */
export async function askModel(
  options: ApiOptions,
  memory: ApiMemory,
  request: BackendRequest,
): Promise<BackendAnswer> {
  const model = modelName(options.vendor, request.model)
  const price = findPrice(options.vendor, model, options.price)
  warnOfUnknownPrice(options, memory, model, price)
  const time = AbortSignal.timeout(request.timeoutMs)
  const question = { options, request, model, price, signal: AbortSignal.any([request.signal, time]) }
  try {
    return await ask(question, memory)
  } catch (thrown) {
    request.signal.throwIfAborted()
    if (time.aborted) throw tooLate(question)
    const { vendor, baseUrl, apiKey, clock } = options
    const secrets = apiKey === null ? [] : [apiKey]
    throw agentFailure(thrown, { address: addressOf(vendor, baseUrl), model, secrets, now: clock() })
  }
}

async function ask(question: Question, memory: ApiMemory): Promise<BackendAnswer> {
  const { schema } = question.request
  const asForm = schema !== null && schema['type'] === 'object' && !memory.refusesSchemas
  try {
    return await askOnce(question, asForm)
  } catch (thrown) {
    // Some servers of one's own know no schemas. They said no before they did any work: this is no second try.
    if (!asForm || question.options.vendor !== 'openai-compatible' || !isSchemaRefusal(thrown)) throw thrown
    memory.refusesSchemas = true
    question.options.log.info(
      { model: question.model },
      'the server takes no JSON Schema; it goes into the prompt',
    )
    return askOnce(question, false)
  }
}

async function askOnce(question: Question, asForm: boolean): Promise<BackendAnswer> {
  const { options, request, model, signal } = question
  const { schema } = request
  const prompt = schema === null || asForm ? request.prompt : schemaPrompt(request.prompt, schema)
  const maxOutputTokens = outputLimit(question, prompt)
  const connection = await connect(options, model, asForm ? schema : null)
  const result = await generateText({
    model: connection.model,
    prompt,
    ...(connection.schema !== null && { output: unparsed(connection.schema) }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    providerOptions: connection.options,
    abortSignal: signal,
    maxRetries: 0, // retries are the run's
    telemetry: { isEnabled: false },
  })
  for (const warning of result.warnings ?? [])
    options.log.debug({ model, warning }, 'the AI SDK has a remark')
  const tokens = tokensOf(result.usage, prompt, result.text)
  const costUsd = costOf(question.price, tokens)
  refuseUnfinished(result.finishReason, maxOutputTokens, costUsd)
  return {
    text: connection.schema === null || result.text === '' ? result.text : result.output,
    output: undefined,
    costUsd,
    model: result.response.modelId || model,
    usage: { inputTokens: tokens.input, outputTokens: tokens.output },
    backend: options.vendor,
  }
}

/** The form is asked for; whether the answer has it is checked by us, in one place for all back-ends. */
const unparsed = (schema: Readonly<Record<string, unknown>>) => ({
  ...Output.object({ schema: jsonSchema(schema), name: 'answer' }),
  parseCompleteOutput: ({ text }: { text: string }) => Promise.resolve(text),
})

/** How long the answer may be for its money; null = as the server likes. */
function outputLimit({ options, request, price }: Question, prompt: string): number | null {
  const usual = options.vendor === 'openai-compatible' ? null : MAX_OUTPUT
  if (request.maxUsd === null) return usual
  const affordable = affordableOutput(price, guessTokens(prompt), request.maxUsd)
  if (affordable >= (usual ?? Number.POSITIVE_INFINITY)) return usual
  if (affordable >= MIN_OUTPUT) return affordable
  throw new PermanentAgentError(
    `A question of about ${guessTokens(prompt)} tokens does not fit into the ${request.maxUsd.toFixed(4)} USD that ` +
      'are left for it. A cheaper agent.model would fit more.',
    { reason: 'budget' },
  )
}

/** Servers that tell no usage are counted by the length of the texts. */
const tokensOf = (usage: LanguageModelUsage, prompt: string, text: string): Tokens => ({
  input: usage.inputTokens ?? guessTokens(prompt),
  cachedInput: usage.inputTokenDetails.cacheReadTokens ?? 0,
  output: usage.outputTokens ?? guessTokens(text),
})

function refuseUnfinished(reason: string, limit: number | null, costUsd: number): void {
  if (reason === 'length') {
    const cut = `The answer was cut off after ${limit ?? 'as many tokens as the server allows'}${limit === null ? '' : ' tokens'}.`
    throw limit !== null && limit < MAX_OUTPUT
      ? new PermanentAgentError(`${cut} More is not in the budget.`, { reason: 'budget', costUsd })
      : new PermanentAgentError(`${cut} Ask for less at a time.`, { reason: 'agent_malformed', costUsd })
  }
  if (reason === 'content-filter') {
    const message = 'The model declined to answer. Look at what it was asked, or take another agent.model.'
    throw new PermanentAgentError(message, { reason: 'agent_failed', costUsd })
  }
}

function tooLate({ options, request, price }: Question): AgentError {
  const tokens = { input: guessTokens(request.prompt), cachedInput: 0, output: 0 }
  return new AgentError(
    `${hostOf(options)} gave no answer within ${request.timeoutMs / 1_000} s. Raise agent.timeout if that is normal.`,
    // The vendor has read the question by now, and counts that.
    { reason: 'agent_timeout', costUsd: costOf(price, tokens) },
  )
}

const hostOf = ({ vendor, baseUrl }: ApiOptions): string => new URL(addressOf(vendor, baseUrl)).host

function warnOfUnknownPrice(options: ApiOptions, memory: ApiMemory, model: string, price: KnownPrice): void {
  if (price.known || memory.said.has(model)) return
  memory.said.add(model)
  const counted = { input: price.input, output: price.output }
  options.log.warn(
    { model, counted_usd_per_million: counted },
    `the price of this model is not known (table of ${PRICES_OF}); set agent.price, or budgets are a guess`,
  )
}
