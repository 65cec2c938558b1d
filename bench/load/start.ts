// Runs one load in a process of its own and answers with what it measured. HOOKYARD_LOADGEN names a faster
// generator in C with its own command line (bench/README.md tells it); without it generate.ts beside this file is used.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, Load } from './job.ts'

const GENERATOR = fileURLToPath(new URL('./generate.ts', import.meta.url))

/** Only what the C generator prints and we read. */
interface ForeignLoad {
  readonly n: number
  readonly secs: number
  readonly ok: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  readonly bad: number
  readonly errs: number
  readonly total: number
}

/** The program that sends the load, for the report. */
export const generatorName = (): string =>
  foreignProgram() === null ? 'node (bench/load/generate.ts)' : 'C (HOOKYARD_LOADGEN)'

function foreignProgram(): string | null {
  const path = process.env['HOOKYARD_LOADGEN']
  return path === undefined || path === '' ? null : path
}

/**
 * Sends a load and waits for its end.
 * @throws Error when the generator failed, with what it said.
 */
export async function sendLoad(job: Job): Promise<Load> {
  const program = foreignProgram()
  // The C generator stops by its count or its time; it measures only after the warm-up, like ours.
  if (program !== null)
    return fromForeign(JSON.parse(await outputOf(program, foreignArguments(job))) as ForeignLoad)
  return JSON.parse(await outputOf(process.execPath, [GENERATOR, JSON.stringify(job)])) as Load
}

function foreignArguments(job: Job): string[] {
  const numbers = {
    p: job.port,
    c: job.connections,
    w: job.warmupSeconds,
    d: job.seconds,
    r: job.rate,
    n: job.maxRequests,
  }
  const options = Object.entries(numbers).flatMap(([key, value]) =>
    value === null ? [] : [`-${key}`, String(value)],
  )
  const shots = job.shots.flatMap((shot) => ['-b', `${shot.bodyFile},${shot.event},${shot.signature}`])
  return [...options, '-u', job.path, ...shots]
}

function fromForeign(load: ForeignLoad): Load {
  return {
    generator: 'c',
    requests: load.ok,
    seconds: load.secs,
    perSecond: load.ok / load.secs,
    p50: load.p50,
    p90: load.p90,
    p99: load.p99,
    max: load.max,
    refused: load.bad,
    broken: load.errs,
    accepted: load.total - load.bad - load.errs,
    lateness99: null,
  }
}

function outputOf(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', (cause) =>
      reject(new Error(`the load generator ${program} could not be started`, { cause })),
    )
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'))
      else
        reject(
          new Error(
            `the load generator ${program} ended with ${code}: ${Buffer.concat(errors).toString('utf8')}`,
          ),
        )
    })
  })
}
