import { CcciError } from '@cc-ci/harness'
import { Command, InvalidArgumentError } from 'commander'
import { closest } from 'fastest-levenshtein'
import type { BenchLine } from './compare.ts'
import { customHtml } from './custom-html.ts'
import { cycle } from './cycle.ts'
import { parallel4 } from './parallel4.ts'
import { ready } from './ready.ts'

const BENCHES: Record<string, (runs: number) => Promise<BenchLine>> = {
  ready,
  cycle,
  'custom-html': customHtml,
  parallel4,
}
const IDS = Object.keys(BENCHES)

const program = new Command('bench')
  .description('Measures cc-ci side by side with the raw commands, on the real swarm; one JSON line each.')
  .argument('[id...]', `which: ${IDS.join(', ')} (default: all)`)
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
    const unknown = ids.find((id) => !(id in BENCHES))
    if (unknown)
      program.error(
        `There is no benchmark "${unknown}". The nearest is "${closest(unknown, IDS)}"; all: ${IDS.join(', ')}.`,
        { exitCode: 2 },
      )
    for (const id of ids.length > 0 ? ids : IDS) console.log(JSON.stringify(await BENCHES[id]?.(options.runs)))
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof CcciError ? error.message : error)
  process.exitCode = 3
}
