import { existsSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import {
  candidates,
  loadOptions,
  newRunId,
  parseStages,
  quickStages,
  quickWanted,
  RUN_FILES,
  type RunStage,
  recipeName,
  runDir,
  type Settings,
  UsageError,
  unknownRecipe,
} from '@cc-ci/harness'

/** The options of `cc-ci run` as they were typed. */
export interface RunFlags {
  ref?: string
  pr?: string
  stages?: string
  plan?: 'full' | 'single'
  /** How long a failed app stays up; true: as long as the settings say. */
  keepOnFailure?: string | true
  /** Upgrade the canonical instead of deploying afresh. */
  quick?: boolean
  /** Make a green run's version the canonical. */
  promote?: boolean
  json?: boolean
}

/** The environment by which the flags that are settings, too, are read. */
export const flaggedEnvironment = ({ keepOnFailure }: RunFlags): NodeJS.ProcessEnv =>
  keepOnFailure === undefined
    ? process.env
    : { ...process.env, CCCI_KEEP_ON_FAILURE: keepOnFailure === true ? 'yes' : keepOnFailure }

/** What is to be run, checked. */
export interface RunRequest {
  runId: string
  /** The recipe's name, or where its repository is: an absolute path or a URL. */
  recipe: string
  /** The Vitest project that tests it. */
  project: string
  ref?: string
  pr?: string
  stages?: RunStage[]
  plan?: 'full' | 'single'
  quick?: true
  /** Seconds that a failed app stays up. */
  keepOnFailure: number
}

/** An option of `cc-ci run` has a value it cannot have. */
class RunFlagError extends UsageError {}

const isUrl = (recipe: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/|^[^/\s]+@[^/\s]+:/i.test(recipe)

/** A path is a path for the person who typed it; elsewhere it must be absolute. */
function located(recipe: string, cwd: string): string {
  const isPath = !isUrl(recipe) && (recipe.includes('/') || recipe === '.' || recipe === '..')
  if (!isPath) return recipe
  return isAbsolute(recipe) ? recipe : resolve(cwd, recipe)
}

/** A run's id is one that cannot be, or is that of a run that was begun before. */
class RunIdError extends UsageError {}

/** The id that whoever starts this run has given it, by `CCCI_RUN_ID`; a run of one id is begun once. */
function askedRunId(stateDir: string): string | undefined {
  const id = process.env.CCCI_RUN_ID
  if (!id) return undefined
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(id)) {
    throw new RunIdError({
      happened: `CCCI_RUN_ID is "${id}".`,
      todo: 'It takes lower-case letters, digits and dashes, at most a hundred.',
    })
  }
  if (existsSync(join(runDir(stateDir, id), RUN_FILES.record))) {
    throw new RunIdError({
      happened: `There is a run ${id} already.`,
      todo: 'Give each run an id of its own, or none.',
      evidence: runDir(stateDir, id),
    })
  }
  return id
}

/**
 * Checks what was asked for before anything is touched: stages, pull request, recipe, and what its suite says in recipe.ts.
 *
 * @throws {StageSelectionError | QuickStagesError | RunFlagError | UnknownRecipeError | RecipeOptionsError}
 */
export async function runRequest(
  typed: string,
  flags: RunFlags,
  where: { root: string; cwd: string; settings: Settings },
): Promise<RunRequest> {
  const stages = flags.stages === undefined ? undefined : parseStages(flags.stages)
  if (flags.pr !== undefined && !/^[1-9]\d*$/.test(flags.pr)) {
    throw new RunFlagError({ happened: `--pr is "${flags.pr}".`, todo: 'It takes the number of a pull request.' })
  }
  if (flags.ref?.startsWith('-') || flags.ref === '') {
    throw new RunFlagError({ happened: `--ref is "${flags.ref}".`, todo: 'It takes a commit, a branch or a version.' })
  }
  const quick = flags.quick || quickWanted(process.env.CCCI_QUICK)
  if (quick) quickStages(stages)
  if (flags.promote && (quick || stages)) {
    throw new RunFlagError({
      happened: `A run with ${quick ? '--quick' : '--stages'} is never promoted: it does not show all.`,
      todo: 'Leave it or --promote away.',
    })
  }
  const recipe = located(typed, where.cwd)
  const { recipeSources } = where.settings
  const found = candidates(recipe, recipeSources)
  if (found.origins.length === 0) throw await unknownRecipe(recipe, recipeSources, [])
  const name = recipeName(recipe)
  const suite = join(where.root, 'packages', 'recipes', name)
  const hasSuite = existsSync(join(suite, `${name}.test.ts`))
  const options = join(suite, 'recipe.ts')
  if (hasSuite && existsSync(options)) await loadOptions(options)
  return {
    runId: askedRunId(where.settings.stateDir) ?? newRunId(recipe),
    recipe,
    project: hasSuite ? name : 'generic',
    ...(flags.ref === undefined ? {} : { ref: flags.ref }),
    ...(flags.pr === undefined ? {} : { pr: flags.pr }),
    ...(stages ? { stages } : {}),
    ...(flags.plan === undefined ? {} : { plan: flags.plan }),
    ...(quick ? { quick } : {}),
    keepOnFailure: where.settings.keepOnFailure,
  }
}
