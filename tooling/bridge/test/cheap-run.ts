import { appendFileSync, existsSync, mkdirSync, renameSync, watch, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import type { RunRecord } from '@cc-ci/harness'

// Stands in for `cc-ci run` where a test is about the bridge: it writes down that it was begun, leaves the record of a green
// run (or a red one), and heeds SIGTERM. `begun.log`, and the files that it waits for, are in its state directory.
const [recipe = '', , ref = '', , pr = ''] = process.argv.slice(2)
const { CCCI_RUN_ID: id = '', CCCI_STATE_DIR: stateDir = '', CCCI_QUICK: quick = '' } = process.env
const sources = process.env.CCCI_RECIPE_SOURCES
appendFileSync(join(stateDir, 'begun.log'), `${JSON.stringify({ id, recipe, ref, pr, quick, sources })}\n`)

const STAGES = ['install', 'upgrade', 'backup', 'custom', 'recipe-local', 'lint'] as const

const startedAt = new Date().toISOString()
function save(state: RunRecord['state'], verdict?: RunRecord['verdict']): void {
  const outcome = verdict === 'green' ? ('pass' as const) : ('fail' as const)
  const record: RunRecord = {
    schemaVersion: 1,
    id,
    recipe,
    ref,
    pr,
    mode: 'cold',
    host: hostname(),
    pid: process.pid,
    startedAt,
    state,
    stages: verdict ? STAGES.map((stage) => ({ stage, outcome, durationMs: 1000, tests: [], reason: 'a `|` b' })) : [],
    ...(verdict ? { verdict, level: verdict === 'green' ? 5 : 0, durationMs: 6000, version: '1.1.0+1.22.1' } : {}),
    ...(verdict === 'red' ? { blame: 'recipe' as const } : {}),
    problems: verdict === 'red' ? ['install failed: @everybody\n!testme'] : [],
    unproven: [],
    evidence: [],
    quirks: [],
    customisation: {},
    warnings: [],
    steps: [],
  }
  // The harness would take longer to load than all the rest of this.
  const folder = join(stateDir, 'runs', id)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '.run.json'), JSON.stringify(record))
  renameSync(join(folder, '.run.json'), join(folder, 'run.json'))
}

if (existsSync(join(stateDir, 'no-record'))) {
  console.error('There is no recipe "x".')
  process.exit(2)
}
save('running')
process.on('SIGTERM', () => {
  if (existsSync(join(stateDir, 'deaf'))) return
  save('interrupted', 'interrupted')
  process.exit(143)
})

/** A file of the test's own says that the run may end. */
const hold = join(stateDir, 'hold')
if (existsSync(hold)) {
  await new Promise<void>((resolve) => {
    const watcher = watch(stateDir, (_, name) => {
      if (name === basename(hold) && !existsSync(hold)) {
        watcher.close()
        resolve()
      }
    })
    if (!existsSync(hold)) resolve()
  })
}
const red = existsSync(join(stateDir, 'red'))
save('finished', red ? 'red' : 'green')
process.exit(red ? 1 : 0)
