import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectSwarm, hostFile, loadSettings, removeCanonical, run } from '@cc-ci/harness'
import { type BenchLine, compare, timed } from './compare.ts'

const MAIN = join(import.meta.dirname, '..', 'cli', 'main.ts')

/** A run of everything may take this long on a busy machine (ms). */
const RUN_MS = 1_800_000

/**
 * `cc-ci run --quick` of a head of Keycloak against the cold run of the same head, by the same suite. The canonical is made
 * first, by a run that is promoted.
 */
export async function quick(pairs: number): Promise<BenchLine> {
  const own = await loadSettings()
  const folder = mkdtempSync(join(tmpdir(), 'cc-ci-bench-quick-'))
  const stateDir = join(folder, 'state')
  const recipe = join(folder, 'keycloak')
  const cli = (...args: string[]) =>
    run(process.execPath, [MAIN, 'run', recipe, ...args], { timeoutMs: RUN_MS, env: { CCCI_STATE_DIR: stateDir } })
  mkdirSync(stateDir)
  if (existsSync(hostFile(own.stateDir))) copyFileSync(hostFile(own.stateDir), hostFile(stateDir))
  try {
    await makeHead(own.recipeSources[0] ?? '', recipe)
    await cli('--ref', 'main', '--promote')
    return await compare('quick', 'a head of keycloak: --quick; the peer is the cold run, images local', pairs, {
      ours: () => timed(() => cli('--quick', '--ref', 'head')),
      peer: () => timed(() => cli('--ref', 'head')),
    })
  } finally {
    const docker = await connectSwarm(own.dockerHost)
    await removeCanonical({ docker, settings: { ...own, stateDir }, recipe: 'keycloak' }).catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A clone of the sample recipe with a branch `head`, whose Keycloak starts by another script. */
async function makeHead(source: string, recipe: string): Promise<void> {
  await run('git', ['clone', '--quiet', join(source, 'keycloak'), recipe])
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org', ...args], { cwd: recipe })
  await git('checkout', '--quiet', '-b', 'head')
  const edit = (file: string, change: (text: string) => string) =>
    writeFileSync(join(recipe, file), change(readFileSync(join(recipe, file), 'utf8')))
  edit('entrypoint.sh.tmpl', (text) => text.replace('set -euo pipefail', 'set -euo pipefail\n# another script'))
  edit('abra.sh', (text) => text.replace(/ENTRYPOINT_VERSION=\w+/, 'ENTRYPOINT_VERSION=head'))
  await git('commit', '--quiet', '--all', '-m', 'head')
}
