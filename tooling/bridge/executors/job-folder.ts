import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { isRunning, type ProcessMark } from '../../dev-host/process-mark.ts'
import type { RunEnd } from '../outcome.ts'
import { JOB_FILES } from './job-files.ts'

const mark = z.object({ pid: z.number().int(), started: z.string() })
const ended = z.object({ exitCode: z.number().nullable(), signal: z.string().nullable(), error: z.string().optional() })

/** How a run stands, by its folder: nobody has begun it; somebody does it; somebody did, and left no word; it has ended. */
export type JobSight =
  | { state: 'not begun' }
  | { state: 'running'; launcher: ProcessMark }
  | { state: 'lost' }
  | { state: 'ended'; end: RunEnd }

export function lookAtJob(folder: string): JobSight {
  const launcher = read(folder, JOB_FILES.started, mark)
  const alive = launcher !== undefined && isRunning(launcher)
  // Asked for after the process: a launcher leaves word and then ends.
  const end = read(folder, JOB_FILES.ended, ended)
  if (end) return { state: 'ended', end: runEnd(end, folder) }
  if (launcher === undefined) return { state: 'not begun' }
  return alive ? { state: 'running', launcher } : { state: 'lost' }
}

function read<T>(folder: string, name: string, schema: z.ZodType<T>): T | undefined {
  const file = join(folder, name)
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
}

/** By the exit codes of `cc-ci` (docs/runs.md). */
function runEnd({ exitCode, signal, error }: z.infer<typeof ended>, folder: string): RunEnd {
  const detail = error ?? lastLines(folder)
  if (exitCode === 0) return { result: 'success', detail }
  if (signal !== null || (exitCode ?? 0) > 128) return { result: 'killed', detail }
  return { result: exitCode === 1 || exitCode === 2 ? 'failure' : 'error', detail }
}

const LAST_LINES = 12
const LAST_BYTES = 16_384

/** What a run said last. */
function lastLines(folder: string): string {
  const file = join(folder, JOB_FILES.output)
  if (!existsSync(file)) return ''
  const handle = openSync(file, 'r')
  try {
    const { size } = fstatSync(handle)
    const end = Buffer.alloc(Math.min(size, LAST_BYTES))
    readSync(handle, end, 0, end.length, size - end.length)
    return stripVTControlCharacters(end.toString('utf8')).trimEnd().split('\n').slice(-LAST_LINES).join('\n')
  } finally {
    closeSync(handle)
  }
}
