import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CcciError, RUN_STAGES } from '@cc-ci/harness'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { EXIT, exitCodeOfError } from './exit-codes.ts'
import { type JanitorFlags, janitorCommand } from './janitor.ts'
import { type PlanFlags, planCommand } from './plan.ts'
import { type PruneFlags, pruneCommand } from './prune.ts'
import type { RunFlags } from './request.ts'
import { runCommand } from './run.ts'
import { type RunsFlags, runsCommand } from './runs.ts'
import { showCommand } from './show.ts'

const RUN_HELP = `
Examples:
  cc-ci run                                      custom-html, all stages
  cc-ci run n8n --ref 2.1.0+1.88.0               a published version
  cc-ci run ../my-recipe --pr 12                 a repository on this machine
  cc-ci run custom-html --stages install,custom  only these stages; the verdict says so

Exit codes:
  0 green · 1 red · 2 asked for something that cannot be · 3 not the recipe's doing · 128+n ended by signal n`

const PLAN_HELP = `
Nothing is deployed, made or kept: the recipe is fetched into a temporary folder. Without a Docker engine, the plan says what
it could not look at.

Examples:
  cc-ci plan custom-html
  cc-ci plan ../my-recipe --ref my-branch
  cc-ci plan n8n --stages install,upgrade --json

Exit codes: those of cc-ci run, for what it would end with before it deploys anything; 0 otherwise, whatever lint finds`

const JANITOR_HELP = `
Whether the owner of something lives is told by its lease, which the operating system takes back when a process dies;
never by age. What is dirty is looked at twice before it is removed. What was taken stands in janitor.jsonl in the state
directory.

Examples:
  cc-ci janitor --dry-run                say what would be taken, and why
  cc-ci janitor --watch                  a round every 10 seconds (a host runs this as a service)
  cc-ci janitor --end-kept cust-3f9a2c_ci_localhost
                                         end an app that --keep-on-failure has kept`

const PRUNE_HELP = `
Docker is pruned only when its disk is full enough (CCCI_PRUNE_AT, 80 % by default), no run is live and no service is
converging; otherwise the gate that holds it is named, with exit code 0. What has a name stays, and so does every volume.
What was done stands in prune.jsonl in the state directory.

Examples:
  cc-ci prune --dry-run   say what would be done
  cc-ci prune             what a host does once a day, as ci-docker-prune
  cc-ci prune --records   only run records, whatever the disk (CCCI_RECORD_BUDGET, CCCI_RECORD_KEEP)`

const SHOW_HELP = `
Examples:
  cc-ci show last
  cc-ci show 20260130-101502-custom-html-3f9a2c
  cc-ci show 3f9a2c --json`

function positive(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new InvalidArgumentError('It takes a whole number from 1 up.')
}

function version(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

function program(root: string, cwd: string, done: (code: number) => void): Command {
  // Set before any command is added: commands inherit it.
  const cli = new Command('cc-ci').exitOverride().showHelpAfterError('(cc-ci help tells how it is used)')
  cli
    .description('CI of Co-op Cloud recipes: deploys an app for real, proves it, removes every trace.')
    .version(version(root), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'tell how it is used')

  cli
    .command('run')
    .description('test a recipe on this host, and say what was seen')
    .argument('[recipe]', 'its name, or the path or URL of its repository', 'custom-html')
    .addOption(new Option('--ref <ref>', 'the commit, branch or version to test').env('CCCI_REF'))
    .addOption(new Option('--pr <number>', 'the pull request this is for').env('CCCI_PR'))
    .addOption(new Option('--stages <list>', `only some of: ${RUN_STAGES.join(',')}`).env('CCCI_STAGES'))
    .addOption(new Option('--plan <plan>', 'how often to deploy').choices(['full', 'single']).env('CCCI_PLAN'))
    .addOption(
      new Option(
        '--keep-on-failure [time]',
        'leave a failed app up, such as 45m (default: an hour; CI needs a time)',
      ).env('CCCI_KEEP_ON_FAILURE'),
    )
    .option('--json', 'print the record on stdout, the progress on stderr')
    .addHelpText('after', RUN_HELP)
    .action(async (recipe: string, flags: RunFlags) => done(await runCommand(recipe, flags, { root, cwd })))

  cli
    .command('plan')
    .description('say what a run would do, and touch nothing')
    .argument('[recipe]', 'its name, or the path or URL of its repository', 'custom-html')
    .addOption(new Option('--ref <ref>', 'the commit, branch or version to test').env('CCCI_REF'))
    .addOption(new Option('--pr <number>', 'the pull request this is for').env('CCCI_PR'))
    .addOption(new Option('--stages <list>', `only some of: ${RUN_STAGES.join(',')}`).env('CCCI_STAGES'))
    .addOption(new Option('--plan <plan>', 'how often to deploy').choices(['full', 'single']).env('CCCI_PLAN'))
    .option('--quick', 'also say what a quick run would need')
    .option('--json', 'print the plan as JSON (docs/plan.schema.json)')
    .addHelpText('after', PLAN_HELP)
    .action(async (recipe: string, flags: PlanFlags) => done(await planCommand(recipe, flags, { root, cwd })))

  cli
    .command('runs')
    .description('list the runs recorded on this host, the newest first')
    .option('--recipe <name>', 'only those of one recipe')
    .option('-n, --limit <number>', 'how many at most', positive, 20)
    .option('--json', 'print their records')
    .action((flags: RunsFlags) => runsCommand(flags, root))

  cli
    .command('show')
    .description('show a recorded run')
    .argument('<run>', 'its id, a beginning or end of it, or "last"')
    .option('--json', 'print its record')
    .addHelpText('after', SHOW_HELP)
    .action((run: string, flags: { json?: boolean }) => showCommand(run, flags, root))

  cli
    .command('janitor')
    .description('remove what dead runs have left on this host, and say what and why')
    .argument('[stack...]', 'only these stacks')
    .option('--dry-run', 'say what would be taken, take nothing')
    .option('--watch [seconds]', 'go on, a round every so many seconds (default: 10)', positive)
    .option('--end-kept', 'also take failed apps that are kept for a while')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', JANITOR_HELP)
    .action(async (stacks: string[], flags: JanitorFlags) => done(await janitorCommand(stacks, flags, root)))

  cli
    .command('prune')
    .description('keep run records to their budget, and prune Docker when the disk is full and nothing is going on')
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--records', 'only run records')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', PRUNE_HELP)
    .action(async (flags: PruneFlags) => done(await pruneCommand(flags, root)))
  return cli
}

/** Where a person stands: npm changes into the package before it runs a script, and says where it came from. */
const here = (): string => process.env.INIT_CWD ?? process.cwd()

/**
 * The command line of cc-ci. Never throws: errors are printed, those of cc-ci without a stack.
 *
 * @param where `root` is the folder that holds `vitest.config.ts` and the recipes' suites.
 * @returns the exit code.
 */
export async function main(args: string[], where: { root: string }): Promise<number> {
  let code: number = EXIT.green
  try {
    await program(where.root, here(), (result) => {
      code = result
    }).parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.green : EXIT.usage
    console.error(error instanceof CcciError ? error.message : error)
    return exitCodeOfError(error)
  }
}
