import { CcciError, loadSettings, messageOf } from '@cc-ci/harness'
import { Command, InvalidArgumentError } from 'commander'
import { type DownOptions, downParts } from './down.ts'
import { EXTRAS, isExtra } from './extras.ts'
import { GITEA, giteaGuide, giteaParts } from './gitea-host.ts'
import { withLock } from './lock.ts'
import { runParts } from './show.ts'
import { statusOf } from './status.ts'
import { upParts } from './up.ts'

/** What `--with` takes. */
const CHOICES = [...EXTRAS, GITEA].join(', ')

const program = new Command('dev-host').description(
  'A machine that can run the main job: an engine, a swarm, a proxy, recipes.',
)

program
  .command('up')
  .description('bring the dev host up; what is there already is used')
  .option(
    '--with <app...>',
    `big apps, with their images and recipes, and ${GITEA} for trying the bridge: ${CHOICES}`,
    listed,
  )
  .action(async ({ with: asked = [] }: { with?: string[] }) => {
    const { stateDir } = await loadSettings()
    await withLock(`dev-host ${stateDir}`, sayWaiting, async () => {
      // Read again: another `up` may just have chosen for this one.
      const settings = await loadSettings()
      const gitea = asked.includes(GITEA)
      await runParts([...(await upParts(settings, asked.filter(isExtra))), ...(gitea ? giteaParts(settings) : [])])
      if (gitea) console.log(await giteaGuide(settings))
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

/** Adds one more value of `--with`, which may be a list itself: `keycloak,n8n`. */
function listed(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !isExtra(name) && name !== GITEA)
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no "${unknown}". There are: ${CHOICES}.`)
  return [...new Set([...before, ...names])]
}

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
