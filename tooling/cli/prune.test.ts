import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembleRecord, runDir, runsDir, saveRecord } from '@cc-ci/harness'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'

// The real command line on a machine without a Docker engine.

let folder: string
let stateDir: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-prune-')))
  stateDir = join(folder, 'state')
  for (const [index, id] of ['run-a', 'run-b', 'run-c'].entries()) {
    mkdirSync(runDir(stateDir, id), { recursive: true })
    const trace = join(runDir(stateDir, id), 'trace.zip')
    writeFileSync(trace, '')
    truncateSync(trace, 2 ** 30)
    const startedAt = Date.UTC(2026, 0, index + 1)
    const seen = { tests: [], fileErrors: [], unhandledErrors: [], journal: [] }
    const record = assembleRecord({ id, recipe: 'demo', state: 'finished', startedAt, endedAt: startedAt + 1, ...seen })
    saveRecord(runDir(stateDir, id), record)
  }
})
afterEach(() => rmSync(folder, { recursive: true }))

const left = () => readdirSync(runsDir(stateDir)).sort()

const cli = (args: string[], env: Record<string, string> = {}) =>
  execa(process.execPath, [join(import.meta.dirname, 'main.ts'), 'prune', ...args], {
    cwd: folder,
    env: {
      CCCI_STATE_DIR: stateDir,
      CCCI_LEASE_DIR: join(folder, 'leases'),
      CCCI_RECORD_BUDGET: '2GB',
      CCCI_RECORD_KEEP: '1',
      DOCKER_HOST: `unix://${folder}/docker.sock`,
      INIT_CWD: undefined,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      ...env,
    },
    all: true,
    reject: false,
    stdin: 'ignore',
  })

test('--records keeps the budget without Docker, and says what went; a dry run only says it', async () => {
  const dry = await cli(['--records', '--dry-run'])
  expect(dry.exitCode, dry.all).toBe(0)
  expect(dry.all).toMatchInlineSnapshot(`
    "records  would prune  2 of 3 runs to be removed, 2.0 GB; 1 run takes 1.0 GB of 2.0 GB
        run-a  1.0 GB
        run-b  1.0 GB"
  `)
  expect(left()).toEqual(['run-a', 'run-b', 'run-c'])
  const { exitCode, all } = await cli(['--records'])
  expect(exitCode, all).toBe(0)
  expect(all).toMatchInlineSnapshot(`
    "records  pruned  2 of 3 runs removed, 2.0 GB; 1 run takes 1.0 GB of 2.0 GB
        run-a  1.0 GB
        run-b  1.0 GB"
  `)
  expect(left()).toEqual(['run-c'])
  expect(readFileSync(join(stateDir, 'prune.jsonl'), 'utf8')).toContain('"outcome":"pruned"')
  expect((await cli(['--records'])).all).toMatchInlineSnapshot(`"records  within  1 run takes 1.0 GB of 2.0 GB"`)
})

test('--snapshots keeps their budget without Docker, and says what went, what stays and why', async () => {
  const warm = (...path: string[]) => join(stateDir, 'warm', ...path)
  for (const name of ['unowned', 'keycloak', 'own']) {
    mkdirSync(warm(name, 'snapshot.new'), { recursive: true })
    writeFileSync(warm(name, 'snapshot.new', 'data.tar.zst'), '')
    truncateSync(warm(name, 'snapshot.new', 'data.tar.zst'), 2 ** 30)
  }
  // What no link leads to is a leftover; these two are in force: one is a canonical, and nobody can tell of the other.
  for (const name of ['keycloak', 'own']) symlinkSync('snapshot.new', warm(name, 'snapshot'))
  writeFileSync(warm('own', 'canonical.json'), '{}')
  const env = { CCCI_SNAPSHOT_BUDGET: '1GB' }
  const dry = await cli(['--snapshots', '--dry-run'], env)
  expect(dry.exitCode, dry.all).toBe(0)
  expect(dry.all).toMatchInlineSnapshot(`
    "snapshots  would prune  1 to be removed, 1.0 GB; 3 in all, 2.0 GB of 1.0 GB
        unowned  1.0 GB  no link leads to it
        1.0 GB over the budget, and all that is left must stay
        keycloak stays: it cannot be read, so nobody can tell whose it is
        own stays: it is a canonical"
  `)
  const { exitCode, all } = await cli(['--snapshots'], env)
  expect(exitCode, all).toBe(0)
  expect(all).toMatchInlineSnapshot(`
    "snapshots  pruned  1 removed, 1.0 GB; 3 in all, 2.0 GB of 1.0 GB
        unowned  1.0 GB  no link leads to it
        1.0 GB over the budget, and all that is left must stay
        keycloak stays: it cannot be read, so nobody can tell whose it is
        own stays: it is a canonical"
  `)
  expect(readdirSync(warm()).sort()).toEqual(['.leases', 'keycloak', 'own'])
  expect(left()).toHaveLength(3)
})

test('what stays over the budget is said, with why', async () => {
  const { exitCode, all } = await cli(['--records'], { CCCI_RECORD_BUDGET: '100MB', CCCI_RECORD_KEEP: '2' })
  expect(exitCode, all).toBe(0)
  expect(all).toMatchInlineSnapshot(`
    "records  pruned  1 of 3 runs removed, 1.0 GB; 2 runs take 2.0 GB of 100.0 MB
        run-a  1.0 GB
        1.9 GB over the budget: the newest of each recipe stay (2 in all)"
  `)
})

test('without an engine, records and snapshots are kept to their budgets all the same, and the engine is missed with exit code 3', async () => {
  const { exitCode, stdout, stderr } = await cli(['--json'])
  expect(exitCode, stderr).toBe(3)
  const [records, snapshots] = stdout.split('\n').map((line) => JSON.parse(line) as object)
  expect(records).toMatchObject({ what: 'records', removed: [{ id: 'run-a' }, { id: 'run-b' }] })
  expect(snapshots).toMatchObject({ what: 'snapshots', outcome: 'within' })
  expect(stderr).toContain(`No Docker engine answers at unix://${folder}/docker.sock.`)
})

test.each([
  ['CCCI_PRUNE_AT', '101', 'percent, 0 to 100'],
  ['CCCI_RECORD_BUDGET', 'plenty', 'a size such as 500MB or 2GB'],
  ['CCCI_RECORD_KEEP', '0', 'a whole number from 1 to 10000'],
  ['CCCI_SNAPSHOT_BUDGET', 'much', 'a size such as 500MB or 2GB'],
])('refuses %s=%s before anything is removed', async (variable, value, takes) => {
  const { exitCode, stderr } = await cli([], { [variable]: value })
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`It takes ${takes}`)
  expect(left()).toHaveLength(3)
})
