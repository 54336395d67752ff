import { existsSync } from 'node:fs'
import { lstat, mkdir, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Settings } from '../../settings/schema.ts'
import type { EngineApp } from '../engine.ts'
import { checkAbra } from './abra.ts'
import { AbraMissingError } from './errors.ts'

/** What all runs of a host share; everything else in a run's ABRA_DIR is its own. */
const SHARED = ['servers', 'catalogue']

/** Where an app's `.env` lies for abra: among those of the server, which all runs and the operator share. */
export const abraEnvFile = (settings: Pick<Settings, 'abraDir' | 'abraServer'>, domain: string): string =>
  join(settings.abraDir, 'servers', settings.abraServer, `${domain}.env`)

/**
 * Checks what the engine needs of the host, before anything is touched.
 *
 * @throws {AbraMissingError}
 */
export async function checkAbraHost(settings: Settings): Promise<void> {
  await checkAbra({ abra: settings.abra, dockerHost: settings.dockerHost, dir: settings.abraDir })
  const server = join(settings.abraDir, 'servers', settings.abraServer)
  if (existsSync(server)) return
  throw new AbraMissingError({
    happened: `abra knows no server "${settings.abraServer}": there is no folder ${server}.`,
    todo: 'For this machine: abra server add --local. Another server: CCCI_ABRA_SERVER; another folder: CCCI_ABRA_DIR.',
  })
}

/**
 * Makes the run's own ABRA_DIR: the folder whose `recipes/<recipe>` is the run's checkout, with the shared folders of the
 * host linked into it. abra checks versions out in `recipes/`, so two runs must not share that. Idempotent.
 *
 * @returns the folder.
 */
export async function runAbraDir(app: EngineApp, settings: Pick<Settings, 'abraDir'>): Promise<string> {
  const recipes = dirname(app.checkout.dir)
  if (basename(recipes) !== 'recipes' || basename(app.checkout.dir) !== app.recipe) {
    throw new TypeError(`abra finds ${app.recipe} only in recipes/${app.recipe}, not in ${app.checkout.dir}.`)
  }
  const dir = dirname(recipes)
  await mkdir(dir, { recursive: true })
  for (const name of SHARED) {
    const shared = join(settings.abraDir, name)
    const there = await lstat(join(dir, name)).catch(() => undefined)
    if (!there && existsSync(shared)) await symlink(shared, join(dir, name))
  }
  return dir
}
