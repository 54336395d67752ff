import {
  type CommandDone,
  connectSwarm,
  type DockerPruning,
  leaseFolder,
  loadSettings,
  type Paint,
  paintFor,
  pruneDocker,
  pruneLog,
  pruneRecords,
  pruneSnapshots,
  type RecordPruning,
  type SnapshotPruning,
  scopesDir,
  sizeText,
  took,
} from '@cc-ci/harness'
import { snapshotOwners } from '../sweep/suites.ts'
import { codeOfSignal } from './child.ts'
import { EXIT } from './exit-codes.ts'

/** The options of `cc-ci prune` as they were typed. */
export interface PruneFlags {
  dryRun?: boolean
  records?: boolean
  snapshots?: boolean
  json?: boolean
}

type Pruning = RecordPruning | SnapshotPruning | DockerPruning

const COLOURS: Partial<Record<Pruning['outcome'], Parameters<Paint>[0]>> = {
  pruned: 'green',
  failed: 'red',
  held: 'yellow',
  'would prune': 'yellow',
}

const indented = (text: string): string[] => text.split('\n').map((line) => `      ${line}`)

function recordLines(pruning: RecordPruning, paint: Paint): string[] {
  const { outcome, runs, bytes, budget, removed, freedBytes, over } = pruning
  const gone = removed.filter(({ error }) => error === undefined).length
  const verb = outcome === 'would prune' ? 'to be removed' : 'removed'
  const change = gone > 0 ? `${gone} of ${runs} runs ${verb}, ${sizeText(freedBytes)}; ` : ''
  const left = runs - gone === 1 ? '1 run takes' : `${runs - gone} runs take`
  const rest = `${left} ${sizeText(bytes - freedBytes)} of ${sizeText(budget)}`
  return [
    `records  ${paint(COLOURS[outcome] ?? 'dim', outcome)}  ${change}${rest}`,
    ...removed.flatMap(({ id, bytes: size, error }) => [
      `    ${id}  ${sizeText(size)}`,
      ...(error === undefined ? [] : indented(error)),
    ]),
    ...(over
      ? [`    ${sizeText(over.bytes)} over the budget: the newest of each recipe stay (${over.newest} in all)`]
      : []),
    ...(over?.needed.map(({ id, why }) => `    ${id} stays: ${why}`) ?? []),
  ]
}

function snapshotLines(pruning: SnapshotPruning, paint: Paint): string[] {
  const { outcome, snapshots, bytes, budget, removed, freedBytes, over } = pruning
  const gone = removed.filter(({ error }) => error === undefined).length
  const verb = outcome === 'would prune' ? 'to be removed' : 'removed'
  const change = gone > 0 ? `${gone} ${verb}, ${sizeText(freedBytes)}; ` : ''
  const left = `${sizeText(bytes - freedBytes)} of ${sizeText(budget)}`
  return [
    `snapshots  ${paint(COLOURS[outcome] ?? 'dim', outcome)}  ${change}${snapshots} in all, ${left}`,
    ...removed.flatMap(({ name, bytes: size, why, error }) => [
      `    ${name}  ${sizeText(size)}  ${why}`,
      ...(error === undefined ? [] : indented(error)),
    ]),
    ...(over ? [`    ${sizeText(over.bytes)} over the budget, and all that is left must stay`] : []),
    ...(over?.needed.map(({ name, why }) => `    ${name} stays: ${why}`) ?? []),
  ]
}

function linesOf(pruning: Pruning, paint: Paint): string[] {
  if (pruning.what === 'docker') return dockerLines(pruning, paint)
  return pruning.what === 'records' ? recordLines(pruning, paint) : snapshotLines(pruning, paint)
}

function commandLines({ command, removed, freedBytes, durationMs, error }: CommandDone, outcome: string): string[] {
  if (outcome === 'would prune') return [`    ${command}`]
  if (error !== undefined) return [`    ${command}`, ...indented(error)]
  return [`    ${command}  ${sizeText(freedBytes)} freed, ${removed.length} removed  ${took(durationMs)}`]
}

function dockerLines({ outcome, gates, commands }: DockerPruning, paint: Paint): string[] {
  return [
    `docker  ${paint(COLOURS[outcome] ?? 'dim', outcome)}`,
    ...gates.flatMap(({ gate, seen }) => seen.map((text) => `    by the gate ${gate}: ${text}`)),
    ...commands.flatMap((command) => commandLines(command, outcome)),
  ]
}

/**
 * `cc-ci prune`: keeps run records and snapshots to their budgets and prunes Docker where its gates allow, and says what it
 * did or which gate held it.
 *
 * @returns the exit code: 3 when something could not be removed.
 */
export async function pruneCommand(flags: PruneFlags, root: string): Promise<number> {
  const settings = await loadSettings({ cwd: root })
  const paint = paintFor(process.stdout)
  const log = pruneLog(settings.stateDir)
  const { dryRun } = flags
  const show = (pruning: Pruning) => {
    if (flags.json) return console.log(JSON.stringify(pruning))
    for (const line of linesOf(pruning, paint)) console.log(line)
  }
  const { stateDir, leaseDir, recordBudget, recordKeep: keep, snapshotBudget } = settings
  const isLimited = flags.records || flags.snapshots
  let code: number = EXIT.green
  if (!isLimited || flags.records) {
    const records = await pruneRecords({ stateDir, leaseDir, budget: recordBudget, keep, dryRun, log })
    show(records)
    if (records.outcome === 'failed') code = EXIT.infrastructure
  }
  if (!isLimited || flags.snapshots) {
    const owners = await snapshotOwners(root, settings)
    const snapshots = await pruneSnapshots({ stateDir, budget: snapshotBudget, ...owners, dryRun, log })
    show(snapshots)
    if (snapshots.outcome === 'failed') code = EXIT.infrastructure
  }
  if (isLimited) return code
  const { dockerHost, baseDomain, pruneAt } = settings
  const docker = await connectSwarm(dockerHost)
  const ended = new AbortController()
  const end = (signal: NodeJS.Signals) => ended.abort(signal)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  const leases = await leaseFolder(docker, settings)
  const scopes = scopesDir(stateDir)
  const { signal } = ended
  try {
    const pruning = await pruneDocker({ docker, dockerHost, leases, scopes, baseDomain, pruneAt, dryRun, log, signal })
    show(pruning)
    if (signal.aborted) return codeOfSignal(signal.reason)
    return pruning.outcome === 'failed' ? EXIT.infrastructure : code
  } catch (error) {
    if (signal.aborted) return codeOfSignal(signal.reason)
    throw error
  }
}
