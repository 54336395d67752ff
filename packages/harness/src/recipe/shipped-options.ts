import { existsSync } from 'node:fs'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { Settings } from '../settings/schema.ts'
import type { RecipeOptions } from './options.ts'
import { ShippedOptionsError } from './options-error.ts'
import { loadOptions } from './options-load.ts'

/** Where a recipe's own repository may say what cc-ci should know of it, as a suite's `recipe.ts` does. */
export const SHIPPED_OPTIONS = 'tests/cc-ci.recipe.ts'

/** How long a recipe's own file may let a deployment take on any host, in seconds. */
const LONGEST_DEPLOY_S = 1800

export interface ShippedRequest {
  /** Where the version under test is checked out. */
  tree: string
  /** A folder for a copy of that tree, to be made: the checkout moves on to other versions. */
  copy: string
  /** Packages that the file may import, each with its folder. */
  packages?: Readonly<Record<string, string>> | undefined
}

/** The seconds that a recipe's own file may set: the runner's clocks, which must be longer, are made before it is read. */
export type TimeoutLimits = Readonly<Record<'deploy' | 'http' | 'use', number>>

/** What these limits are on a host. */
export const shippedLimits = (
  settings: Pick<Settings, 'deployTimeout' | 'httpTimeout' | 'useTimeout'>,
): TimeoutLimits => ({
  deploy: Math.max(settings.deployTimeout, LONGEST_DEPLOY_S),
  http: settings.httpTimeout,
  use: settings.useTimeout,
})

/**
 * The options that a recipe ships itself at the version that is checked out; nothing when it ships none. Its file is
 * code of the recipe, run in this process.
 *
 * @throws {ShippedOptionsError} when it cannot be loaded, says what cannot be, or what comes too late.
 */
export async function loadShippedOptions({
  tree,
  copy,
  packages = {},
}: ShippedRequest): Promise<RecipeOptions | undefined> {
  if (!existsSync(join(tree, SHIPPED_OPTIONS))) return undefined
  const folder = join(copy, basename(tree))
  await cp(tree, folder, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => relative(tree, path) !== '.git',
  })
  await writeFile(join(copy, 'package.json'), '{ "type": "module" }\n')
  for (const [name, target] of Object.entries(packages)) {
    const link = join(copy, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(target, link)
  }
  const file = join(folder, SHIPPED_OPTIONS)
  const options = await loadOptions(file, SHIPPED_OPTIONS, { folder: dirname(file), refused: ShippedOptionsError })
  if (options.weight === undefined) return options
  throw new ShippedOptionsError({
    happened: `${SHIPPED_OPTIONS}: weight comes too late there.`,
    lastSeen: `weight is ${options.weight}; the run has waited for capacity before the recipe was fetched`,
    todo: 'Take it out. Who runs cc-ci can say it in packages/recipes/<recipe>/recipe.ts.',
  })
}

/** @throws {ShippedOptionsError} when the file wants more time than the runner gives. */
export function checkLimits({ timeouts }: RecipeOptions, limits: TimeoutLimits): void {
  for (const key of ['deploy', 'http', 'use'] as const) {
    const seconds = timeouts?.[key]
    if (seconds === undefined || seconds <= limits[key]) continue
    throw new ShippedOptionsError({
      happened: `${SHIPPED_OPTIONS}: timeouts.${key} is ${seconds}, and at most ${limits[key]} can be had from there.`,
      lastSeen: 'the clocks of the test runner were made before the recipe was fetched',
      todo: `More needs the host's word: CCCI_${key.toUpperCase()}_TIMEOUT, or timeouts in packages/recipes/<recipe>/recipe.ts.`,
    })
  }
}
