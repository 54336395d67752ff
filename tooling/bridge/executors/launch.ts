import { spawn } from 'node:child_process'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { markProcess } from '../../dev-host/process-mark.ts'
import { JOB_FILES, type JobOrder } from './job-files.ts'

// Started once for each run, and perhaps once more by a bridge that was killed in between: the link below is made by one
// process only. It outlives the bridge, and leaves word of how the run ended. It loads next to nothing, so as to be there soon.
const [folder = ''] = process.argv.slice(2)
const order = JSON.parse(readFileSync(join(folder, JOB_FILES.order), 'utf8')) as JobOrder

/** A file beside the one that is meant, whole on the disk. */
function written(name: string, content: unknown): string {
  const file = join(folder, `.${name}.${process.pid}`)
  const handle = openSync(file, 'w', 0o600)
  writeFileSync(handle, JSON.stringify(content))
  fsyncSync(handle)
  closeSync(handle)
  return file
}

const claim = written(JOB_FILES.started, markProcess(process.pid))
try {
  linkSync(claim, join(folder, JOB_FILES.started))
} catch (error) {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') process.exit(0)
  throw error
} finally {
  rmSync(claim, { force: true })
}

const [file = '', ...args] = order.command
const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...order.env } })
// It removes its app before it ends, so it is waited for.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))

const end = (exitCode: number | null, signal: NodeJS.Signals | null, error?: string) =>
  renameSync(written(JOB_FILES.ended, { exitCode, signal, error }), join(folder, JOB_FILES.ended))
child.on('error', (error) => end(null, null, error.message))
child.on('exit', (exitCode, signal) => end(exitCode, signal))
