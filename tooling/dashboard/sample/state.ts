import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { junitXml, type RunRecord, type StageRecord } from '@cc-ci/harness'
import { sampleStages, writeSampleRecord } from './record.ts'

/** What a sample shows one of each. */
export interface Sample {
  green: RunRecord
  red: RunRecord
  infrastructure: RunRecord
  interrupted: RunRecord
  quick: RunRecord
  running: RunRecord
}

const HOUR = 3_600_000

/** A number from 0 to 1 that is the same each time. */
const noise = (seed: number): number => {
  const value = Math.sin(seed * 12.9898) * 43_758.5453
  return value - Math.floor(value)
}

const RECIPES = [
  { recipe: 'cryptpad', version: '0.5.1+v2024.12.0', slow: 3.1 },
  { recipe: 'custom-html', version: '1.1.0+1.22.1', slow: 1 },
  { recipe: 'keycloak', version: '10.7.1+26.4.7', slow: 5.2 },
  { recipe: 'lasuite-docs', version: '0.3.0+v4.1.0', slow: 7.5 },
  { recipe: 'matrix-synapse', version: '6.2.0+v1.123.0', slow: 4.4 },
  { recipe: 'n8n', version: '2.1.0+1.88.0', slow: 2.3 },
] as const

const write = (file: string, content: string | Buffer): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

const failedUpgrade: Readonly<Record<string, Partial<StageRecord>>> = {
  upgrade: {
    outcome: 'fail',
    reason: "AssertionError: expected '' to be 'mine'",
    details: ['6.1.0+v1.121.1 → 6.2.0+v1.123.0: no good answer for 8.4 s (42 of 160 times it was asked)'],
    tests: [
      {
        name: 'upgrade > keeps the rooms and their messages',
        outcome: 'fail',
        durationMs: 41_300,
        error: {
          name: 'AssertionError',
          message: "expected '' to be 'mine' // Object.is equality\n\n- mine\n+ ",
          place: 'packages/recipes/matrix-synapse/matrix-synapse.test.ts:41:38',
        },
      },
    ],
  },
  backup: { outcome: 'blocked', reason: 'upgrade failed', durationMs: 0, tests: [] },
  custom: { outcome: 'blocked', reason: 'upgrade failed', durationMs: 0, tests: [] },
}

const noProxy: Readonly<Record<string, Partial<StageRecord>>> = {
  install: { outcome: 'unverified', reason: 'the reverse proxy gave no answer', durationMs: 30_000, tests: [] },
  upgrade: { outcome: 'unverified', durationMs: 0, tests: [] },
  backup: { outcome: 'unverified', durationMs: 0, tests: [] },
  custom: { outcome: 'unverified', durationMs: 0, tests: [] },
}

const LOG = (record: RunRecord): string => `
  ${record.recipe} (pull request ${record.pr ?? 7})  ${record.id}
  ${record.version} (3f9a2c5), upgrade from ${record.base}, plan full, https://${record.domain}/
    · deployment 1: install, ${record.version}
  install  last time 12.0 s
    ✓ serves its page 4.2 s
    · deployment 2: upgrade base, ${record.base}
  upgrade  last time 38.2 s
`

/**
 * Writes a state directory such as that of a host that has been in use for so many nights. `picture` is a screenshot of an
 * app.
 */
export function writeSample(stateDir: string, now: number, picture: Buffer, nights = 24): Sample {
  const at = (ago: number) => new Date(now - ago).toISOString()
  for (const [row, { recipe, version, slow }] of RECIPES.entries()) {
    for (let night = nights; night >= 1; night -= 1) {
      const odd = night < 3 ? 0.4 : noise(row * 100 + night)
      const startedAt = at(night * 24 * HOUR + row * 700_000)
      const old =
        night > 9
          ? version.replace(/^(\d+)\.(\d+)/, (_, major, minor) => `${major}.${Math.max(0, Number(minor) - 1)}`)
          : version
      const common = { recipe, startedAt, version: old, stages: sampleStages({}, slow * (1 + (odd - 0.5) * 0.3)) }
      if (odd > 0.95)
        writeSampleRecord(stateDir, {
          ...common,
          verdict: 'red',
          blame: 'infrastructure',
          level: 0,
          problems: ['install: unverified (the reverse proxy gave no answer)'],
          stages: sampleStages(noProxy, slow),
        })
      else if (odd > 0.88)
        writeSampleRecord(stateDir, {
          ...common,
          verdict: 'red',
          blame: 'recipe',
          level: 1,
          problems: ['upgrade: fail'],
          stages: sampleStages(failedUpgrade, slow),
        })
      else writeSampleRecord(stateDir, common)
    }
  }
  const infrastructure = writeSampleRecord(stateDir, {
    recipe: 'lasuite-docs',
    version: '0.3.0+v4.1.0',
    startedAt: at(7 * HOUR),
    verdict: 'red',
    blame: 'infrastructure',
    level: 0,
    problems: ['install: unverified (the reverse proxy gave no answer)'],
    stages: sampleStages(noProxy, 4),
  })
  const interrupted = writeSampleRecord(stateDir, {
    recipe: 'n8n',
    version: '2.1.0+1.88.0',
    startedAt: at(5 * HOUR),
    state: 'running',
    pid: 2 ** 22 - 3,
    stages: sampleStages({ custom: { outcome: 'not run', tests: [], durationMs: 0 } }),
  })
  const red = writeSampleRecord(stateDir, {
    recipe: 'matrix-synapse',
    version: '6.2.0+v1.123.0',
    base: '6.1.0+v1.121.1',
    startedAt: at(2 * HOUR),
    verdict: 'red',
    blame: 'recipe',
    level: 1,
    problems: [
      "upgrade: fail (AssertionError: expected '' to be 'mine')",
      'backup: blocked (upgrade failed)',
      'custom: blocked (upgrade failed)',
    ],
    unproven: ['recipe-local: not asked for'],
    warnings: ['the service "redis" of the version before is no more in the new one: it goes on running'],
    quirks: ['no IPVS in the kernel: endpoint_mode dnsrr'],
    customisation: {
      timeouts: { deploy: 900 },
      health: { path: '/_matrix/client/versions', statuses: [200] },
      env: { DOMAIN: 'matr-3f9a2c.ci.localhost' },
    },
    customisationFrom: { timeouts: 'recipe.ts', health: 'recipe.ts', env: 'tests/cc-ci.recipe.ts' },
    evidence: [
      {
        stage: 'upgrade',
        kind: 'screenshot',
        file: 'screenshots/upgrade.png',
        caption: 'the app when the stage failed',
      },
      {
        stage: 'upgrade',
        kind: 'tasks',
        file: 'evidence/upgrade/tasks.txt',
        caption: 'tasks of all services, with errors',
      },
      { stage: 'upgrade', kind: 'logs', file: 'evidence/upgrade/app.log', caption: 'last lines of app' },
      {
        stage: 'upgrade',
        kind: 'compose',
        file: 'evidence/upgrade/compose.yml',
        caption: 'compose file as it was deployed',
      },
    ],
    upgrades: [
      {
        from: '6.1.0+v1.121.1',
        to: '6.2.0+v1.123.0',
        completed: true,
        downtimeMs: 8_400,
        longestMs: 8_400,
        looks: 160,
        failed: 42,
        dropped: ['redis'],
      },
    ],
    stages: sampleStages(failedUpgrade, 4),
    deployments: { counted: 2, planned: 3 },
    steps: [
      { text: 'fetching the recipe', kind: 'step', at: at(2 * HOUR), durationMs: 640 },
      { text: 'waiting for db, app', kind: 'step', at: at(2 * HOUR - 640), durationMs: 15_800 },
      { text: 'deployed 6.2.0+v1.123.0', kind: 'done', at: at(2 * HOUR - 16_000), durationMs: 16_400 },
    ],
  })
  write(join(red.folder, 'screenshots/upgrade.png'), picture)
  write(join(red.folder, 'evidence/upgrade/tasks.txt'), 'app.1  Running  2 minutes ago\ndb.1  Running  2 minutes ago\n')
  write(join(red.folder, 'evidence/upgrade/app.log'), '2026-01-30 10:15:02 - synapse.app - INFO - Server ready\n')
  write(
    join(red.folder, 'evidence/upgrade/compose.yml'),
    'services:\n  app:\n    image: matrixdotorg/synapse:v1.123.0\n',
  )
  write(
    join(red.folder, 'output.log'),
    `${LOG(red.record)}    ✗ keeps the rooms and their messages 41.3 s\n        AssertionError: expected '' to be 'mine'\n  ✓ removed without a trace 0.4 s\n\n  ✗ red · matrix-synapse 6.2.0+v1.123.0 · level 1 of 5\n`,
  )
  write(join(red.folder, 'junit.xml'), junitXml(red.record))
  const quick = writeSampleRecord(stateDir, {
    recipe: 'keycloak',
    version: '10.7.1+26.4.7',
    startedAt: at(HOUR),
    pr: '31',
    mode: 'quick',
    plan: 'quick',
    quick: { canonical: { version: '10.7.1+26.4.7', commit: 'a91c', takenAt: at(30 * HOUR), upgraded: true } },
    stages: sampleStages(
      {
        upgrade: { outcome: 'not run', tests: [], durationMs: 0 },
        backup: { outcome: 'not run', tests: [], durationMs: 0 },
      },
      2,
    ),
    limitedTo: ['install', 'custom', 'lint'],
    unproven: ['upgrade: not asked for', 'backup: not asked for'],
    deployments: { counted: 0, planned: 0 },
  })
  const green = writeSampleRecord(stateDir, {
    recipe: 'custom-html',
    startedAt: at(HOUR / 2),
    pr: '7',
    ref: '3f9a2c51d0e6b7a8c9d0e1f2a3b4c5d6e7f80912',
    version: '1.1.0+1.22.1',
  })
  write(
    join(green.folder, 'output.log'),
    `${LOG(green.record)}    ✓ keeps what was written 6.1 s\n  ✓ removed without a trace 0.4 s\n\n  ✓ green · custom-html 1.1.0+1.22.1 · level 5 of 5 · 3 of 3 deployments\n`,
  )
  write(join(green.folder, 'junit.xml'), junitXml(green.record))
  const running = writeSampleRecord(stateDir, {
    recipe: 'cryptpad',
    version: '0.5.1+v2024.12.0',
    base: '0.5.0+v2024.9.0',
    pr: '12',
    startedAt: at(31_000),
    state: 'running',
    stages: sampleStages(
      Object.fromEntries(
        ['upgrade', 'backup', 'custom', 'recipe-local'].map((stage) => [
          stage,
          { outcome: 'not run' as const, tests: [], durationMs: 0 },
        ]),
      ),
      3,
    ),
  })
  write(join(running.folder, 'output.log'), LOG(running.record))
  write(
    join(running.folder, 'journal.jsonl'),
    `${JSON.stringify({ at: now - 6_000, event: 'step', text: 'waiting for app (1 of 1 tasks starting)' })}\n`,
  )
  const taking = {
    stack: 'cust-91ab03_ci_localhost',
    trust: 'label',
    condition: 'dirty',
    why: 'nobody holds its lease',
    runIds: [interrupted.record.id],
    things: ['service app', 'volume content', 'network internal'],
    outcome: 'taken',
    durationMs: 612,
  }
  write(
    join(stateDir, 'janitor.jsonl'),
    `${JSON.stringify({ at: at(26 * HOUR), ...taking, stack: 'n8n-5c22e0_ci_localhost' })}\n${JSON.stringify({ at: at(4 * HOUR), ...taking })}\n`,
  )
  const made = { how: 'upgraded', from: '10.7.0+26.4.7', runId: green.record.id, at: at(30 * HOUR) }
  write(
    join(stateDir, 'warm/keycloak-canonical/canonical.json'),
    JSON.stringify({
      recipe: 'keycloak',
      name: 'keycloak-canonical',
      version: '10.7.1+26.4.7',
      commit: 'a91c',
      stack: 'warm-keycloak-canonical_ci_localhost',
      domain: 'warm-keycloak-canonical.ci.localhost',
      made,
      takenAt: at(30 * HOUR),
    }),
  )
  write(
    join(stateDir, 'warm/keycloak/last-good.json'),
    JSON.stringify({ version: '10.7.1+26.4.7', commit: 'a91c', since: at(90 * HOUR) }),
  )
  write(
    join(stateDir, 'warm/keycloak.json'),
    JSON.stringify({ url: 'https://warm-keycloak.ci.localhost', username: 'admin', password: 'not-to-be-shown' }),
  )
  write(
    join(stateDir, 'alerts/20260130-reconcile-keycloak.json'),
    JSON.stringify({
      id: '20260130-reconcile-keycloak',
      time: at(9 * HOUR),
      subject: 'keycloak',
      cause: 'held',
      title: 'held at 10.7.1+26.4.7',
      text: 'Keycloak 11.0.0+27.0.1 is held: a major version. Read its release notes, then apply it by hand.',
      attempted: '11.0.0+27.0.1',
      lastGood: '10.7.1+26.4.7',
    }),
  )
  return {
    green: green.record,
    red: red.record,
    infrastructure: infrastructure.record,
    interrupted: interrupted.record,
    quick: quick.record,
    running: running.record,
  }
}
