import { configFile, openGit } from '../../recipe/git.ts'
import type { EngineApp, Target } from '../engine.ts'
import { AbraError } from './errors.ts'

/** The commit that is checked out. */
export async function headOf(app: EngineApp, signal?: AbortSignal): Promise<string> {
  return (await gitIn(app, signal)('rev-parse', 'HEAD')).trim()
}

/**
 * Checks that the working tree is the target's commit with nothing changed but files of our own. abra says of a chaos
 * deployment only whether its tree was dirty (`+U`), not by what.
 *
 * @returns whether abra will call it dirty.
 * @throws {AbraError}
 */
export async function checkTree(
  app: EngineApp,
  target: Target,
  own: readonly string[],
  signal?: AbortSignal,
): Promise<boolean> {
  const head = await headOf(app, signal)
  const status = await gitIn(app, signal)('status', '--porcelain', '--untracked-files=all')
  const changed = status.split('\n').filter(Boolean)
  const foreign = changed.filter((line) => !own.some((name) => line === `?? ${name}`))
  if (head === target.commit && foreign.length === 0) return changed.length > 0
  throw new AbraError({
    happened: `The checkout of ${app.recipe} is not what was to be deployed, ${target.commit.slice(0, 8)}.`,
    lastSeen: [`at ${head.slice(0, 8)}`, ...foreign].join('\n'),
    todo: 'Did this abra move the checkout although it was told to take it as it is (-C, or the version by name)?',
    evidence: app.checkout.dir,
  })
}

const gitIn = (app: EngineApp, signal: AbortSignal | undefined) =>
  openGit(app.checkout.dir, { config: configFile(app.checkout.dir), signal })
