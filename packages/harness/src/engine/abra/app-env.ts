import { readFile, writeFile } from 'node:fs/promises'
import { editEnv, parseEnv } from '../../recipe/env-file.ts'
import type { EngineApp, Target } from '../engine.ts'

/** Marks the line of ours in an app's `.env` by which abra takes the copies of the compose files. */
const OWN_LINE = '# cc-ci: copies made for this host'

const ownLine = new RegExp(`^COMPOSE_FILE=.* ${OWN_LINE}\\r?\\n?`, 'gm')

/**
 * What must be in the `.env` of an app under test, whatever its recipe says. A set `LETS_ENCRYPT_ENV` would ask for a
 * certificate; a `TYPE` with a version that is no tag (any more) would stop abra, so a commit that is none gets none.
 */
export function ownVariables(env: string, app: EngineApp, target: Target): Record<string, string> {
  const type = target.tag ? `${app.recipe}:${target.tag.tag}` : app.recipe
  return {
    TYPE: type,
    ...('RECIPE' in parseEnv(env).values ? { RECIPE: type } : {}),
    DOMAIN: app.domain,
    LETS_ENCRYPT_ENV: '',
  }
}

/**
 * Sets variables in the app's `.env`, and takes our own line out. The file is written in place: a half-written neighbour
 * would stay in a folder that others use, if this process were killed.
 */
export async function changeEnv(app: EngineApp, text: string, changes: Record<string, string>): Promise<void> {
  await writeFile(app.envFile, editEnv(text.replace(ownLine, ''), changes))
}

/** Lets abra take these compose files in place of those that the `.env` names; relative to the recipe's folder. */
export async function useCopies(app: EngineApp, names: string[]): Promise<void> {
  const text = await readFile(app.envFile, 'utf8')
  // The last assignment counts, so the lines above stay as they are.
  const end = text === '' || text.endsWith('\n') ? '' : '\n'
  await writeFile(app.envFile, `${text}${end}COMPOSE_FILE=${names.join(':')} ${OWN_LINE}\n`)
}
