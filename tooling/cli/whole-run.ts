import { outcomesOf, type RunRecord } from '@cc-ci/harness'
import { expect } from 'vitest'
import type { TestHost } from './test-host.ts'

/** How long a whole run of a big app may take, in milliseconds. */
export const WHOLE_RUN_MS = 1_200_000

/** Runs a recipe with its suite by the command line: green in all stages, with the highest level, and nothing is left. */
export async function wholeRun(host: TestHost, recipe: string): Promise<RunRecord | undefined> {
  const subject = host.subject(recipe)
  const { exitCode, all, record } = await host.cli(['run', recipe, '--pr', subject.pr])
  expect(exitCode, all).toBe(0)
  expect(outcomesOf(record?.stages ?? [])).toEqual({
    install: 'pass',
    upgrade: 'pass',
    backup: 'pass',
    custom: 'pass',
    'recipe-local': 'not applicable',
    lint: 'pass',
  })
  expect(record).toMatchObject({
    verdict: 'green',
    level: 5,
    plan: 'full',
    deployments: { counted: 3, planned: 3 },
    unproven: [],
    teardown: { clean: true, left: [] },
  })
  expect(await host.leftOf(subject, record?.id ?? '')).toEqual([])
  return record
}
