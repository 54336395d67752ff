import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { run, UsageError } from '@cc-ci/harness'
import { ensureGoBuild, type GoProgram, goBuildPlace, removeGoBuilds } from '../go-build.ts'

/** No Gitea was built on this machine yet. */
class NoGiteaError extends UsageError {}

/** A Gitea that can be started: the program, and what it shows pages with. */
export interface GiteaBuild {
  program: string
  static: string
}

const MODULE = 'code.gitea.io/gitea'
const VERSION = '1.26.0'

/** Pages are shown with these folders of the module; its zip has neither styles nor scripts. */
const SHOWN_WITH = ['templates', 'options', 'public']

const GITEA: GoProgram = {
  name: 'Gitea',
  version: VERSION,
  folder: import.meta.dirname,
  packages: { gitea: MODULE },
  tags: 'sqlite sqlite_unlock_notify',
  link: `-s -w -X main.Version=${VERSION}`,
  async finish(place, go) {
    const module = (await go(['list', '-mod=readonly', '-m', '-f', '{{.Dir}}', MODULE])).trim()
    for (const name of SHOWN_WITH) {
      // The module cache is read-only; a copy that is, too, could not be removed.
      if (existsSync(join(module, name))) await copyWritable(join(module, name), join(buildIn(place).static, name))
    }
  },
}

const buildIn = (place: string): GiteaBuild => ({ program: join(place, 'gitea'), static: join(place, 'static') })

/** The Gitea that was built on this machine. @throws {NoGiteaError} */
export function builtGitea(): GiteaBuild {
  const place = goBuildPlace(GITEA)
  if (existsSync(place)) return buildIn(place)
  throw new NoGiteaError({
    happened: 'No Gitea was built on this machine yet.',
    todo: 'Build it, which takes some minutes once: npm run dev-host -- up --with gitea',
  })
}

/**
 * Builds Gitea from its Go module where no build of this content is in the user's cache; one at a time on a machine.
 *
 * @throws {GoMissingError | GoBuildError}
 */
export async function ensureGiteaBuild(say: (text: string) => void): Promise<GiteaBuild & { made: boolean }> {
  const { place, made } = await ensureGoBuild(GITEA, say)
  return { ...buildIn(place), made }
}

/** Takes every build away. Returns how many there were. */
export const removeGiteaBuilds = (): number => removeGoBuilds(GITEA)

async function copyWritable(from: string, to: string): Promise<void> {
  cpSync(from, to, { recursive: true })
  await run('chmod', ['-R', 'u+w', to])
}
