import { join } from 'node:path'
import { listAlerts } from '@cc-ci/harness'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RUN_MAIN } from './run-child.ts'
import { listSweeps } from './store.ts'
import { TestRoot } from './test-root.ts'

// The real command line on a machine without a Docker engine.

let own: TestRoot
beforeEach(() => {
  own = new TestRoot()
})
afterEach(() => own[Symbol.dispose]())

const stateDir = () => join(own.folder, 'state')

const sweep = (args: string[], env: Record<string, string> = {}) =>
  execa(process.execPath, [RUN_MAIN, own.root, 'sweep', ...args], {
    env: {
      CCCI_STATE_DIR: stateDir(),
      CCCI_LEASE_DIR: join(own.folder, 'leases'),
      DOCKER_HOST: `unix://${own.folder}/docker.sock`,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      ...env,
    },
    all: true,
    reject: false,
    stdin: 'ignore',
  })

test('without an engine the night is red, which is told, with exit code 3', async () => {
  const { exitCode, all } = await sweep([])
  expect(exitCode, all).toBe(3)
  const [record, ...more] = listSweeps(stateDir())
  expect(more).toEqual([])
  expect(record).toMatchObject({ state: 'finished', verdict: 'red', recipes: [] })
  expect(record?.problems[0]?.text).toContain('No Docker engine answers at unix://')
  expect(all).toContain('No Docker engine answers at unix://')
  expect(listAlerts(stateDir())).toMatchObject([{ id: record?.alert, subject: 'sweep' }])
})

test('a dry run without an engine says so, and writes nothing', async () => {
  const { exitCode, all } = await sweep(['--dry-run'])
  expect(exitCode, all).toBe(3)
  expect(all).toMatch(/^No Docker engine answers at unix:/)
  expect(listSweeps(stateDir())).toEqual([])
})

test.each([
  ['CCCI_SWEEP_RECIPES', '../mine', 'names of recipes'],
  ['CCCI_SWEEP_HOST_TIMEOUT', '0', 'seconds, 1 to 86400'],
])('refuses %s=%s before anything is touched', async (variable, value, takes) => {
  const { exitCode, all } = await sweep([], { [variable]: value })
  expect(exitCode, all).toBe(2)
  expect(all).toContain(`It takes ${takes}`)
  expect(listSweeps(stateDir())).toEqual([])
})
