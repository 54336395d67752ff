import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CcciError, RUN_STAGES } from '@cc-ci/harness'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { ServeFlags } from '../serve/serve.ts'
import type { SweepFlags } from '../sweep/sweep.ts'
import { type AlertsFlags, alertsCommand } from '../warm-reconcile/alerts.ts'
import { type ReconcileFlags, reconcileCommand } from '../warm-reconcile/reconcile.ts'
import { type CanonicalFlags, listCommand, removeCommand, showCanonicalCommand } from './canonical.ts'
import type { DashboardFlags } from './dashboard.ts'
import { EXIT, exitCodeOfError } from './exit-codes.ts'
import { type JanitorFlags, janitorCommand } from './janitor.ts'
import { type PlanFlags, planCommand } from './plan.ts'
import { type PromoteFlags, promoteCommand } from './promote.ts'
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
  cc-ci run custom-html --quick --ref my-branch  upgrade the canonical to my-branch; never gates a merge
  cc-ci run custom-html --promote                when it is green, make it the canonical

Exit codes:
  0 green · 1 red · 2 asked for something that cannot be · 3 not the recipe's doing · 128+n ended by signal n`

const PROMOTE_HELP = `
Only a green, cold, whole run of the latest published version of an enrolled recipe (canonical: true in recipe.ts) can be
promoted. The canonical is upgraded with its data; until the new one is in force, it is what it was (docs/canonicals.md).

Examples:
  cc-ci promote last
  cc-ci promote 3f9a2c --source ../my-recipe   where the recipe is fetched from, for a run of a repository by its path

Exit codes:
  0 promoted, or there already · 2 a run that cannot be · 3 it failed, and the canonical is what it was`

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
  cc-ci prune --records   only run records, whatever the disk (CCCI_RECORD_BUDGET, CCCI_RECORD_KEEP)
  cc-ci prune --snapshots only snapshots, whatever the disk (CCCI_SNAPSHOT_BUDGET)`

const SERVE_HELP = `
One process on a host: the bridge, the queue of its runs, and the dashboard. When it ends, runs go on, and the next one
finds them. docs/bridge.md has the configuration.

Examples:
  cc-ci serve
  cc-ci serve --config /etc/cc-ci/serve.json`

const RECONCILE_HELP = `
Which apps are shared is set by sharedApps in cc-ci.config.ts, or CCCI_SHARED_APPS. A newer version is applied only where
nothing asks for a person first (docs/reconcile.md); one that fails is rolled back, with its data. Alerts are delivered.

Examples:
  cc-ci reconcile --dry-run     say what would be done
  cc-ci reconcile keycloak      only this one
  cc-ci reconcile --no-fetch    without a network: what was fetched last

Exit codes:
  0 all are well, at their newest version · 1 one was rolled back · 2 asked for something that cannot be
  3 one is not well, or nobody knows · 4 one is held at its version`

const DASHBOARD_HELP = `
Pages, badges (/badge/<recipe>.svg) and a JSON API (/api/v1); it only reads, and asks nobody who they are: put it behind a
reverse proxy where that matters.

Examples:
  cc-ci dashboard                                      http://127.0.0.1:8090/
  cc-ci dashboard --public-url https://ci.example.org  behind a reverse proxy: badges and previews name that address`

const SWEEP_HELP = `
It is skipped, with exit code 0, while anything runs. What is enrolled says canonical: true in recipe.ts, or
CCCI_SWEEP_RECIPES. What it found stands in sweeps/<id>/ in the state directory: sweep.json, index.html, summary.txt.

Examples:
  cc-ci sweep --dry-run            say what would be done
  cc-ci sweep                      what a host does at night
  cc-ci sweep keycloak n8n         only these of the enrolled recipes; --only keycloak,n8n is the same
  cc-ci sweep --no-reconcile       leave the shared apps as they are

Exit codes:
  0 all green, or skipped · 1 a recipe is red, or a shared app was rolled back · 2 asked for something that cannot be
  3 not the recipes' doing · 128+n ended by signal n`

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

function port(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= 65_535) return number
  throw new InvalidArgumentError('It takes a port from 0 (any that is free) to 65535.')
}

function webAddress(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text
  throw new InvalidArgumentError('It takes an address such as https://ci.example.org.')
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
    .option('--quick', 'upgrade the canonical instead of deploying afresh: lower confidence (or CCCI_QUICK=1)')
    .option('--promote', "make a green run's version the canonical of the recipe")
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
    .command('dashboard')
    .description('show the runs of this host to a browser, until it is told to end')
    .option('--port <number>', 'where it listens', port, 8090)
    .option('--host <address>', 'on which address', '127.0.0.1')
    .option('--public-url <url>', 'how it is reached from elsewhere', webAddress)
    .addHelpText('after', DASHBOARD_HELP)
    .action(async (flags: DashboardFlags) => {
      // Loaded by its command only: the others are not to wait for it.
      const { dashboardCommand } = await import('./dashboard.ts')
      done(await dashboardCommand(flags, root))
    })

  cli
    .command('promote')
    .description('make what a green run has proven the canonical of its recipe')
    .argument('<run>', 'its id, a beginning or end of it, or "last"')
    .option('--source <repository>', 'where the recipe is fetched from (default: by its name)')
    .option('--fresh', 'install it afresh instead of upgrading the canonical that is there')
    .option('--json', 'print what came of it on stdout, the progress on stderr')
    .addHelpText('after', PROMOTE_HELP)
    .action(async (run: string, flags: PromoteFlags) => done(await promoteCommand(run, flags, root)))

  const canonical = cli.command('canonical').description('the known-good apps that quick runs upgrade')
  canonical
    .command('list')
    .description('list all canonicals of this host, and in which state they are')
    .option('--json', 'print them as JSON')
    .action(async (flags: CanonicalFlags) => await listCommand(flags, root))
  canonical
    .command('show')
    .description('show the canonical of a recipe, and its last promotions')
    .argument('<recipe>', 'its name')
    .option('--json', 'print it as JSON')
    .action(async (recipe: string, flags: CanonicalFlags) => await showCanonicalCommand(recipe, flags, root))
  canonical
    .command('remove')
    .description('remove the canonical of a recipe with all its data, once nobody uses it')
    .argument('<recipe>', 'its name')
    .action(async (recipe: string) => done(await removeCommand(recipe, root)))

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
    .command('reconcile')
    .description('see to it that the shared apps are up, well and at their newest version')
    .argument('[recipe...]', 'only these shared apps')
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--no-fetch', 'take the recipes as they were fetched last')
    .option('--retry', 'try a version again that has failed before')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', RECONCILE_HELP)
    .action(async (recipes: string[], flags: ReconcileFlags) => done(await reconcileCommand(recipes, flags, root)))

  cli
    .command('alerts')
    .description('show what a person must know of and was not told yet')
    .option('--deliver', 'deliver it, by CCCI_ALERT_COMMAND and CCCI_ALERT_WEBHOOK')
    .option('--all', 'also what was delivered')
    .option('--json', 'print one JSON object a line')
    .action(async (flags: AlertsFlags) => done(await alertsCommand(flags, root)))

  cli
    .command('prune')
    .description(
      'keep run records and snapshots to their budgets, and prune Docker when the disk is full and nothing is going on',
    )
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--records', 'only run records')
    .option('--snapshots', 'only snapshots')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', PRUNE_HELP)
    .action(async (flags: PruneFlags) => done(await pruneCommand(flags, root)))

  cli
    .command('sweep')
    .description('test all enrolled recipes at their latest version, promote the green, sum up')
    .argument('[recipe...]', 'only these of the enrolled recipes')
    .option('--only <list>', 'the same, separated by commas')
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--no-reconcile', 'leave the shared apps as they are')
    .option('--json', 'print the record on stdout')
    .addHelpText('after', SWEEP_HELP)
    .action(async (recipes: string[], flags: SweepFlags) => {
      const { sweepCommand } = await import('../sweep/sweep.ts')
      done(await sweepCommand(recipes, flags, root))
    })

  cli
    .command('serve')
    .description('watch a Gitea for comments that ask for runs, make them, and show what came of them')
    .option('--config <file>', 'the configuration (default: serve.json in the state directory)')
    .addHelpText('after', SERVE_HELP)
    .action(async (flags: ServeFlags) => {
      // What it brings with it would be loaded by every other command, too.
      const { serveCommand } = await import('../serve/serve.ts')
      await serveCommand(flags, root)
    })
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
