import { CcciError, loadSettings, messageOf } from '@cc-ci/harness'
import { Command, Option } from 'commander'
import { type DownOptions, downParts } from './down.ts'
import { EXTRAS, type Extra } from './extras.ts'
import { withLock } from './lock.ts'
import { runParts } from './show.ts'
import { statusOf } from './status.ts'
import { upParts } from './up.ts'

const program = new Command('dev-host').description(
  'A machine that can run the main job: an engine, a swarm, a proxy, recipes.',
)

program
  .command('up')
  .description('bring the dev host up; what is there already is used')
  .addOption(new Option('--with <app...>', 'a shared app beside it, with its images and recipe').choices(EXTRAS))
  .action(async ({ with: asked = [] }: { with?: Extra[] }) => {
    const { stateDir } = await loadSettings()
    await withLock(`dev-host ${stateDir}`, sayWaiting, async () => {
      // Read again: another `up` may just have chosen for this one.
      await runParts(await upParts(await loadSettings(), asked))
    })
  })

program
  .command('status')
  .description('show each part; exit code 1 when something is missing')
  .option('--json', 'print it as JSON')
  .action(async ({ json }: { json?: boolean }) => {
    const parts = await statusOf(await loadSettings())
    const width = Math.max(...parts.map(({ part }) => part.length))
    const lines = parts.map(({ part, ok, detail }) => `${ok ? '✔' : '✖'} ${part.padEnd(width)}  ${detail}`)
    console.log(json ? JSON.stringify(parts, null, 2) : lines.join('\n'))
    if (parts.some(({ ok }) => !ok)) process.exitCode = 1
  })

program
  .command('down')
  .description('take away what up made')
  .option('--all', 'the images too', false)
  .option('--force', 'even while stacks are deployed', false)
  .action(async (options: DownOptions) => {
    const settings = await loadSettings()
    await withLock(`dev-host ${settings.stateDir}`, sayWaiting, async () => {
      await runParts(await downParts(settings, options))
    })
  })

function sayWaiting(): void {
  console.error('Another process is at work on this dev host; waiting for it.')
}

try {
  await program.parseAsync()
} catch (error) {
  const told = error instanceof CcciError
  console.error(`\n${told ? messageOf(error) : ((error as Error).stack ?? error)}`)
  process.exitCode = told && error.blame === 'usage' ? 2 : 1
}
