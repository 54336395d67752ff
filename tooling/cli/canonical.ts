import {
  type Canonical,
  canonicalPlace,
  connectSwarm,
  findCanonical,
  leaseFolder,
  listCanonicals,
  loadSettings,
  NoCanonicalError,
  readPromotions,
  recipeName,
  removeCanonical,
} from '@cc-ci/harness'
import { EXIT } from './exit-codes.ts'

/** The options of `cc-ci canonical` as they were typed. */
export interface CanonicalFlags {
  json?: boolean
}

/** How many promotions of a recipe are shown. */
const PROMOTIONS = 5

/** In which condition it is, in words. */
function stateText({ state: { is, by, since, why } }: Canonical): string {
  if (is === 'attached') return `attached by ${by} since ${since}`
  if (is === 'left') return `left by ${by}, which is gone: the next user puts it back`
  if (is === 'damaged') return `damaged: ${why}`
  return is
}

const lineOf = (one: Canonical): string[] => [
  one.entry?.recipe ?? one.name,
  one.entry?.version ?? '',
  stateText(one),
  one.entry?.takenAt.slice(0, 16).replace('T', ' ') ?? '',
]

/** `cc-ci canonical list`. */
export async function listCommand(flags: CanonicalFlags, root: string): Promise<void> {
  const settings = await loadSettings({ cwd: root })
  const leases = await leaseFolder(await connectSwarm(settings.dockerHost), settings)
  const all = listCanonicals(settings, leases)
  if (flags.json) return console.log(JSON.stringify(all, null, 2))
  if (all.length === 0) return console.log('No recipe has a canonical here. The first: cc-ci run <recipe> --promote')
  const rows = [['recipe', 'version', 'state', 'since'], ...all.map(lineOf)]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  for (const cells of rows) {
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}

/** `cc-ci canonical show`. @throws {NoCanonicalError} */
export async function showCanonicalCommand(recipe: string, flags: CanonicalFlags, root: string): Promise<void> {
  const settings = await loadSettings({ cwd: root })
  const name = recipeName(recipe)
  const leases = await leaseFolder(await connectSwarm(settings.dockerHost), settings)
  const found = findCanonical(settings, canonicalPlace(name, settings).name, leases)
  if (!found) throw new NoCanonicalError(name)
  const promotions = readPromotions(settings.stateDir)
    .filter((one) => one.recipe === name)
    .slice(-PROMOTIONS)
  if (flags.json) return console.log(JSON.stringify({ ...found, promotions }, null, 2))
  const { entry } = found
  const made = entry && (entry.made.how === 'fresh' ? 'installed afresh' : `upgraded from ${entry.made.from}`)
  const lines = [
    `  ${name}${entry ? ` ${entry.version} (${entry.commit.slice(0, 7)})` : ''}: ${stateText(found)}`,
    ...(entry
      ? [`  https://${entry.domain}/ when it is attached`, `  ${made} by the run ${entry.made.runId}, ${entry.takenAt}`]
      : []),
    ...promotions.map(({ at, version, outcome, why }) => {
      return `  ${at} ${version}: ${outcome}${why ? ` (${why.split('\n')[0]})` : ''}`
    }),
  ]
  for (const line of lines) console.log(line)
}

/** `cc-ci canonical remove`. Returns the exit code. @throws {NoCanonicalError | LeaseHeldError} */
export async function removeCommand(recipe: string, root: string): Promise<number> {
  const settings = await loadSettings({ cwd: root })
  const docker = await connectSwarm(settings.dockerHost)
  const name = recipeName(recipe)
  await removeCanonical({ docker, settings, recipe: name, onStep: (text) => console.error(`  … ${text}`) })
  console.log(`The canonical of ${name} is gone, with its data.`)
  return EXIT.green
}
