import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type Docker from 'dockerode'
import { containerLogs, serviceLogs } from '../docker/logs.ts'
import { type ServiceView, stackView, taskTable } from '../docker/stack-view.ts'
import { messageOf } from '../errors.ts'
import { secrets } from '../redact/secrets.ts'
import type { Journal } from '../run/journal.ts'
import type { Stage } from '../run/stages.ts'
import { type Probe, probeHistory } from './probe.ts'

export interface EvidenceRequest {
  docker: Docker
  stack: string
  /** The run's folder; the evidence goes to `evidence/<stage>/` below it. */
  runDir: string
  stage: Stage
  probes: readonly Probe[]
  /** The app's `.env`, if there is one. */
  envFile: string
  /** The compose files as they were deployed, absolute. */
  composeFiles: readonly string[]
  journal: Journal
}

/** A file of evidence that was kept. */
export interface KeptEvidence {
  kind: 'tasks' | 'logs' | 'probes' | 'compose' | 'screenshot' | 'console' | 'trace'
  /** Absolute. */
  file: string
  caption: string
}

/** Names of variables whose values are never written down. */
const SECRET_NAME = /^(?!SECRET_\w+_VERSION$).*(PASS|SECRET|TOKEN|KEY|CREDENTIAL)/i

/** Replaces the values of variables whose names speak of secrets. */
export function maskEnv(text: string): string {
  return text.replaceAll(/^(\s*(?:export\s+)?([A-Za-z_]\w*)=)(.+)$/gm, (line, start: string, name: string) =>
    SECRET_NAME.test(name) ? `${start}***` : line,
  )
}

/**
 * Keeps what tells why a stage failed, while the app is still there: the task table with errors, the last lines of each
 * service, health-check output, the HTTP probes, the `.env`, the compose files. Each piece is kept even if another cannot be
 * had.
 */
export async function keepEvidence(request: EvidenceRequest): Promise<KeptEvidence[]> {
  const kept: KeptEvidence[] = []
  const folder = join(request.runDir, 'evidence', request.stage)
  await mkdir(folder, { recursive: true })
  const keep = async (
    kind: 'tasks' | 'logs' | 'probes' | 'compose',
    name: string,
    caption: string,
    text: string,
  ): Promise<void> => {
    const file = join(folder, name)
    kept.push({ kind, file, caption })
    await writeFile(file, `${secrets.text(text).trimEnd()}\n`)
    request.journal.write({
      event: 'evidence',
      stage: request.stage,
      kind,
      file: relative(request.runDir, file),
      caption,
    })
  }
  const services = await stackView(request.docker, request.stack).catch((): ServiceView[] => [])
  await keep('tasks', 'tasks.txt', 'the tasks and their errors', taskTable(services))
  for (const service of services) {
    const lines = [await lastWords(request.docker, service), await health(request.docker, service)]
    await keep('logs', `${service.name}.log`, `the last lines of ${service.name}`, lines.filter(Boolean).join('\n\n'))
  }
  if (request.probes.length > 0) await keep('probes', 'http.txt', 'the answers over HTTP', probeHistory(request.probes))
  const env = await readFile(request.envFile, 'utf8').catch(() => undefined)
  if (env !== undefined) await keep('compose', 'env.txt', 'the .env, masked', maskEnv(env))
  for (const file of request.composeFiles) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    const name = basename(file).replace(/^\.+/, '')
    if (text !== undefined) await keep('compose', name, `${name}, as it was deployed`, text)
  }
  return kept
}

/** The log of the newest container and, when that is not the one that failed, of the failed one. */
async function lastWords(docker: Docker, service: ServiceView): Promise<string> {
  const newest = await serviceLogs(docker, service, 200)
  const failed = service.tasks.filter((task) => task.state === 'failed' && task.containerId).at(-1)
  if (!failed?.containerId || failed.id === service.tasks.at(-1)?.id) return newest
  return `${newest}\n\n--- the container before, which ended with ${failed.error || failed.exitCode}:\n${await containerLogs(docker, failed.containerId, 200)}`
}

async function health(docker: Docker, service: ServiceView): Promise<string> {
  const task = service.tasks.filter((one) => one.containerId).at(-1)
  if (!task?.containerId) return ''
  try {
    const { State } = await docker.getContainer(task.containerId).inspect()
    const last = State.Health?.Log.at(-1)
    return last ? `--- health check: ${State.Health?.Status}, exit ${last.ExitCode}: ${last.Output.trim()}` : ''
  } catch (error) {
    return `--- health check: ${messageOf(error)}`
  }
}
