import { CcciError } from '@cc-ci/harness'
import { Command, InvalidArgumentError } from 'commander'
import { closest } from 'fastest-levenshtein'
import type { BenchLine } from './compare.ts'
import { customHtml } from './custom-html.ts'
import { cycle } from './cycle.ts'
import { dashboard } from './dashboard.ts'
import { logStream } from './log-stream.ts'
import { parallel4 } from './parallel4.ts'
import { poll } from './poll.ts'
import { quick } from './quick.ts'
import { ready } from './ready.ts'
import { realm } from './realm.ts'
import { snapshot } from './snapshot.ts'
import { webhook } from './webhook.ts'

const BENCHES: Record<string, (runs: number) => Promise<BenchLine>> = {
  ready,
  cycle,
  'custom-html': customHtml,
  parallel4,
  snapshot,
  dashboard,
  'log-stream': logStream,
}

/** Those that are measured only by name: they need what a plain dev host has not (`up --with keycloak gitea`). */
const BY_NAME: typeof BENCHES = { realm, quick, webhook, poll }
const DEFAULTS = Object.keys(BENCHES)
const ALL = { ...BENCHES, ...BY_NAME }
const IDS = Object.keys(ALL)

const program = new Command('bench')
  .description('Measures cc-ci side by side with the raw commands, on the real swarm; one JSON line each.')
  .argument('[id...]', `which: ${IDS.join(', ')} (default: all but ${Object.keys(BY_NAME).join(', ')})`)
  .option(
    '--runs <n>',
    'counted pairs after the warm-up',
    (text) => {
      const runs = Number(text)
      if (!Number.isInteger(runs) || runs < 1) throw new InvalidArgumentError('It takes a whole number of at least 1.')
      return runs
    },
    5,
  )
  .action(async (ids: string[], options: { runs: number }) => {
    const unknown = ids.find((id) => !(id in ALL))
    if (unknown)
      program.error(
        `There is no benchmark "${unknown}". The nearest is "${closest(unknown, IDS)}"; all: ${IDS.join(', ')}.`,
        { exitCode: 2 },
      )
    for (const id of ids.length > 0 ? ids : DEFAULTS) console.log(JSON.stringify(await ALL[id]?.(options.runs)))
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof CcciError ? error.message : error)
  process.exitCode = 3
}
