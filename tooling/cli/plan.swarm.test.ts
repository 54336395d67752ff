import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brokenRules, describeResidue, residueOf, runPreview } from '@cc-ci/harness'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleRecipes } from '../dev-host/recipes.ts'
import { TestHost } from './test-host.ts'

// A plan for every sample recipe of the dev host, by the real command line.

let host: TestHost
beforeAll(async () => {
  host = await TestHost.open()
})
afterAll(() => host[Symbol.dispose]())

/** What a state directory holds, with when it was changed. */
const contents = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`)
    .sort()

/** Sample recipes that nobody can load. */
const UNLOADABLE = ['broken-compose']

/** What lint finds in those that are broken in a way that can be read. */
const ERRORS: Record<string, string[]> = { 'no-secret-length': ['C008'] }

const samples = sampleRecipes().filter(({ name }) => !UNLOADABLE.includes(name))

describe.concurrent('cc-ci plan', () => {
  test.each(samples)('$name: a plan that keeps to its schema, with nothing touched', async ({ name, versions }) => {
    const subject = host.subject(name)
    const before = contents(host.stateDir)
    const { exitCode, all } = await host.cli(['plan', name, '--pr', subject.pr, '--json'])
    expect(exitCode, all).toBe(0)
    const plan = runPreview.strict().parse(JSON.parse(all))
    expect(plan).toMatchObject({
      recipe: name,
      version: versions.at(-1),
      bases: versions
        .slice(0, -1)
        .slice(-1)
        .map((version) => ({ version })),
      domain: subject.domain,
      stack: subject.stack,
      host: { unknown: [] },
    })
    expect(brokenRules(plan.lint, 'error').map(({ id }) => id)).toEqual(ERRORS[name] ?? [])
    const runs = plan.stages.filter(({ outcome }) => outcome === 'runs').map(({ stage }) => stage)
    const upgrades = versions.length > 1 && runs.includes('upgrade')
    expect(plan.deployments).toHaveLength(1 + (upgrades ? 1 : 0) + (runs.includes('backup') ? 1 : 0))
    expect(contents(host.stateDir)).toEqual(before)
    expect(describeResidue(await residueOf(host.docker, subject.stack))).toEqual([])
    expect(existsSync(join(host.stateDir, 'runs'))).toBe(false)
  })

  test.each(UNLOADABLE)('%s: the error that a run would end with', async (name) => {
    const { exitCode, all } = await host.cli(['plan', name])
    expect(exitCode, all).toBe(1)
    expect(all).toMatch(/^compose\.yml:\d+: .*\n {2}last seen: .*\n {2}to do: /)
  })
})
