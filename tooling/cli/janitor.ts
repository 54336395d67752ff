import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  cleanUp,
  connectSwarm,
  leaseFolder,
  loadSettings,
  messageOf,
  type Outcome,
  type Paint,
  paintFor,
  scopesDir,
  type Taking,
  took,
} from '@cc-ci/harness'
import { EXIT } from './exit-codes.ts'

/** The options of `cc-ci janitor` as they were typed. */
export interface JanitorFlags {
  dryRun?: boolean
  watch?: number | true
  endKept?: boolean
  json?: boolean
}

/** Seconds between two rounds of a janitor that watches: what a dead run left must be gone within 30. */
const ROUND_S = 10

const COLOURS: Partial<Record<Outcome, Parameters<Paint>[0]>> = {
  taken: 'green',
  failed: 'red',
  'would take': 'yellow',
}

function lines(taking: Taking, paint: Paint): string[] {
  const { stack, outcome, condition, why, trust, runIds, things, error, durationMs } = taking
  const runs = runIds.length > 0 ? `; run ${runIds.join(', ')}` : ''
  const time = outcome === 'taken' ? `  ${took(durationMs)}` : ''
  const head = `${stack}  ${paint(COLOURS[outcome] ?? 'dim', outcome)}  ${condition}: ${why} (known by ${trust}${runs})${time}`
  const detail = outcome === 'left alone' ? [] : things.map((thing) => `    ${thing}`)
  return [head, ...detail, ...(error === undefined ? [] : error.split('\n').map((line) => `  ${line}`))]
}

/**
 * `cc-ci janitor`: removes what dead runs have left on this host, and says what and why; with `--watch`, again and again
 * until it is told to end.
 *
 * @returns the exit code: 3 when something could not be removed.
 */
export async function janitorCommand(names: string[], flags: JanitorFlags, root: string): Promise<number> {
  const settings = await loadSettings({ cwd: root })
  const paint = paintFor(process.stdout)
  const ended = new AbortController()
  const end = () => ended.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  const round = async (): Promise<Taking[]> => {
    const docker = await connectSwarm(settings.dockerHost)
    return await cleanUp({
      docker,
      leases: await leaseFolder(docker, settings),
      scopes: scopesDir(settings.stateDir),
      baseDomain: settings.baseDomain,
      only: names.length > 0 ? names : undefined,
      timeoutMs: settings.teardownTimeout * 1000,
      dryRun: flags.dryRun,
      endKept: flags.endKept,
      log: join(settings.stateDir, 'janitor.jsonl'),
      signal: ended.signal,
    })
  }
  const show = (takings: Taking[]) => {
    if (flags.json) for (const taking of takings) console.log(JSON.stringify(taking))
    else for (const line of takings.flatMap((taking) => lines(taking, paint))) console.log(line)
  }
  if (flags.watch === undefined) {
    const takings = await round()
    show(takings)
    if (takings.length === 0 && !flags.json) console.log('Nothing of any run is here.')
    return takings.some(({ outcome }) => outcome === 'failed') ? EXIT.infrastructure : EXIT.green
  }
  const seconds = flags.watch === true ? ROUND_S : flags.watch
  if (!flags.json) console.log(`watching, a round every ${seconds} s; Ctrl-C ends it`)
  let before = ''
  while (!ended.signal.aborted) {
    try {
      // What is left alone is worth a line when it begins, not every round.
      const takings = await round()
      const told = takings.filter(({ outcome }) => outcome !== 'left alone' && outcome !== 'changing')
      const text = JSON.stringify(told.map(({ durationMs: _, ...rest }) => rest))
      if (text !== before) show(told)
      before = text
    } catch (error) {
      if (ended.signal.aborted) break
      const text = messageOf(error)
      if (text !== before) console.error(text)
      before = text
    }
    await pause(seconds * 1000, undefined, { signal: ended.signal }).catch(() => {})
  }
  return EXIT.green
}
