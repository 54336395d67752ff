import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { findApp, serversDir, writeType } from './app.ts'
import { FataError } from './fata.ts'
import type { Given } from './flags.ts'
import { ensureRecipe, ensureVersion, git, treeOf, versions } from './recipe.ts'

/** `app new <recipe> [version]`: moves the checkout to that or the newest version, and copies its `.env.sample`. */
export function appNew({ words: [recipe = '', wanted], has, value }: Given): void {
  ensureRecipe(recipe)
  // -C or not: that a checkout made before is lost here has been seen in real use.
  const version = wanted ?? versions(recipe).at(-1)
  if (version) ensureVersion(recipe, version)
  const [server, domain] = [value('--server'), value('--domain')]
  if (!has('-n')) throw new FataError('the stand-in asks nothing: use -n')
  if (!existsSync(join(serversDir(), server))) throw new FataError(`server ${server} not found`)
  const file = join(serversDir(), server, `${domain}.env`)
  if (existsSync(file)) throw new FataError(`${file} already exists?`)
  const sample = join(treeOf(recipe), '.env.sample')
  if (!existsSync(sample)) throw new FataError(`${sample} does not exist?`)
  copyFileSync(sample, file)
  writeType(findApp(domain), version ?? git(recipe, 'rev-parse', '--short=8', 'HEAD'))
  console.log(`INFO ${domain} created successfully (version: ${version ?? 'none'}, server: ${server})`)
}
