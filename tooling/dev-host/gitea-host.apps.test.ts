import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killProcess, loadSettings, processesWith } from '@cc-ci/harness'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { CHEAP } from '../bridge/test/test-bridge.ts'
import { giteaGuide, giteaParts, hasGitea, removeGitea, runningGitea } from './gitea-host.ts'
import { devHostPaths } from './paths.ts'
import { ensureRecipes, SAMPLES } from './recipes.ts'
import { until } from './until.ts'

test('a Gitea is brought up, what its guide says works as it stands, and it is taken away', async () => {
  const stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-gitea-host-')))
  const env = { CCCI_STATE_DIR: stateDir }
  const settings = await loadSettings({ env })
  const bringUp = async () => await giteaParts(settings)[0]?.work(() => {})
  try {
    expect(hasGitea(settings)).toBe(false)
    await ensureRecipes(devHostPaths(stateDir).recipes, SAMPLES)
    expect(await bringUp()).toMatch(/started, set up$/)
    expect(await bringUp()).toMatch(/there$/)
    const url = await runningGitea(settings)

    // With runs that cost nothing, and on a port that is free.
    const file = join(stateDir, 'serve.json')
    const config = JSON.parse(readFileSync(file, 'utf8')) as object
    const executor = { kind: 'local', command: CHEAP }
    writeFileSync(file, JSON.stringify({ ...config, listen: { port: 0 }, executor }))
    const serve = execa(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), 'serve'], {
      env,
      all: true,
      reject: false,
    })
    let said = ''
    serve.all.on('data', (chunk) => {
      said += chunk
    })
    expect(await until(() => said.includes('"serving"'), { deadlineMs: 60_000 }), said).toBe(true)

    const commands = (await giteaGuide(settings)).replaceAll(' \\\n', ' ').match(/^ +curl .*$/gm) ?? []
    expect(commands).toHaveLength(3)
    for (const command of commands) expect((await execa('/bin/sh', ['-c', command])).stdout).toBe('201')
    const comments = `${url}/api/v1/repos/recipes/custom-html/issues/1/comments`
    const green = async () => (await (await fetch(comments)).text()).includes('✅ **green**')
    expect(await until(green, { deadlineMs: 60_000 }), said).toBe(true)
    serve.kill('SIGTERM')
    expect((await serve).exitCode).toBe(0)

    expect(await removeGitea(settings, false)).toBe('ended')
    expect(await runningGitea(settings)).toBeUndefined()
    expect(hasGitea(settings)).toBe(false)
  } finally {
    await removeGitea(settings, false)
    for (const { pid } of processesWith('CCCI_STATE_DIR', stateDir)) killProcess(pid)
    rmSync(stateDir, { recursive: true, force: true })
  }
})
