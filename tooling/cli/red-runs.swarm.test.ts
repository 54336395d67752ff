import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomesOf } from '@cc-ci/harness'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliEnd, errorOf, TestHost } from './test-host.ts'

// The sample recipes that are broken on purpose, each through the real command line on the real swarm.

let host: TestHost
beforeAll(async () => {
  host = await TestHost.open()
})
afterAll(() => host[Symbol.dispose]())

/** Runs a recipe that must come out red, in a fraction of the time it has, leaving nothing. */
async function redRun(recipe: string): Promise<CliEnd & { record: NonNullable<CliEnd['record']> }> {
  const subject = host.subject(recipe)
  const end = await host.cli(['run', recipe, '--pr', subject.pr])
  const { record } = end
  if (!record) throw new Error(`no record:\n${end.all}`)
  expect(end.exitCode, end.all).toBe(1)
  expect(record).toMatchObject({ state: 'finished', verdict: 'red', blame: 'recipe', recipe, pr: subject.pr })
  expect(record.durationMs).toBeLessThan((host.settings.deployTimeout * 1000) / 10)
  expect(await host.leftOf(subject, record.id)).toEqual([])
  for (const line of errorOf(end).split('\n').slice(1)) {
    expect(end.all).toContain(line.trim().replaceAll('<stack>', subject.stack).replaceAll('<domain>', subject.domain))
  }
  return { ...end, record }
}

const BLOCKED = { upgrade: 'blocked', backup: 'blocked', custom: 'blocked', 'recipe-local': 'blocked', lint: 'pass' }

const evidence = (end: CliEnd, file: string): string => readFileSync(join(end.folder ?? '', 'evidence', file), 'utf8')

describe('a recipe that cannot be deployed is red in install, with the rest blocked', () => {
  test('a broken compose file: file, line and what stands there, before anything is deployed', async () => {
    const end = await redRun('broken-compose')
    expect(errorOf(end)).toMatchInlineSnapshot(`
      "ComposeError: compose.yml:16: services.app.volumes must be a list.
        last seen: "content:/usr/share/nginx/html"
        to do: Write each item on a line of its own, with "- " before it."
    `)
    // Lint has read what could not be loaded.
    expect(outcomesOf(end.record.stages)).toEqual({ install: 'fail', ...BLOCKED, lint: 'fail' })
    expect(end.record).toMatchObject({ level: 0 })
    expect(end.record.teardown).toBeUndefined()
    expect(end.record.deployments).toBeUndefined()
  })

  test('a secret whose length is commented out: its name and the line to write', async () => {
    const end = await redRun('no-secret-length')
    expect(errorOf(end)).toMatchInlineSnapshot(`
      "MissingSecretLengthError: The secret "session_key" has a length only in a line of .env.sample that is commented out.
        last seen: # SECRET_SESSION_KEY_VERSION=… # length=64
        to do: abra does not read that line and would make a secret of another length. Take the "#" away: SECRET_SESSION_KEY_VERSION=v1 # length=64"
    `)
    expect(outcomesOf(end.record.stages)).toEqual({ install: 'fail', ...BLOCKED, lint: 'fail' })
    expect(end.record).toMatchObject({ level: 0, teardown: { clean: true, left: [] } })
  })

  test('an image that is not there: hopeless at once, not after the deadline', async () => {
    const end = await redRun('no-image')
    expect(errorOf(end)).toMatchInlineSnapshot(`
      "MissingImageError: The image registry.invalid/no-such-app:1.22.1 of the service "app" is not there.
        last seen: task rejected: No such image: registry.invalid/no-such-app:1.22.1
        to do: Check its name and tag in the compose file: the engine finds it neither here (docker image ls) nor in its registry."
    `)
    expect(outcomesOf(end.record.stages)).toEqual({ install: 'fail', ...BLOCKED })
    expect(end.record).toMatchObject({ level: 0, teardown: { clean: true, left: [] } })
    expect(evidence(end, 'install/tasks.txt')).toContain('No such image')
  })

  // These two mostly wait.
  test.concurrent('a container that exits in a loop: its last lines', async ({ expect }) => {
    const end = await redRun('crash-loop')
    expect(errorOf(end)).toMatchInlineSnapshot(`
      "CrashLoopError: The container of "app" in <stack> ends again and again (3 times at least).
        last seen: task: non-zero exit (1); its last lines:
          crash-loop: no database is configured, giving up
        to do: Read the lines above: the app itself says why it ends. If it waits for something, let it wait instead of exiting."
    `)
    expect(outcomesOf(end.record.stages)).toEqual({ install: 'fail', ...BLOCKED })
    expect(end.record).toMatchObject({ level: 0, teardown: { clean: true, left: [] } })
    expect(evidence(end, 'install/app.log')).toContain('crash-loop: no database is configured, giving up')
  })

  test.concurrent('an app that is up and answers 502: the answer, and the log that says why', async ({ expect }) => {
    const end = await redRun('broken-install')
    expect(errorOf(end).replace(/idle for \d+ s/, 'idle for <n> s')).toMatchInlineSnapshot(`
      "WrongAnswerError: The app is up, and nothing works behind what answers /.
        last seen: 502 from https://<domain>/ ("502 Bad Gateway 502 Bad Gateway nginx/1.22.1")
          app 1/1; idle for <n> s
        to do: See the app’s log: its own web server, or the reverse proxy by the port in its Traefik labels, sends requests where nobody listens."
    `)
    expect(outcomesOf(end.record.stages)).toEqual({ install: 'fail', ...BLOCKED })
    expect(end.record).toMatchObject({ level: 0, teardown: { clean: true, left: [] } })
    expect(evidence(end, 'install/app.log')).toMatch(/Connection refused.*upstream: "http:\/\/127\.0\.0\.1:8080/)
    expect(evidence(end, 'install/http.txt')).toMatch(/\d+× {2}502 from https/)
  })
})

test('an upgrade that loses the data is red in upgrade, with backup and custom blocked', async () => {
  const end = await redRun('broken-upgrade')
  expect(errorOf(end)).toMatchInlineSnapshot(`
    "UpgradeLostDataError: The data that was there at 1.0.0+1.22.1 is not there after the upgrade to 1.1.0+1.22.1.
      last seen: What was written to /usr/share/nginx/html of app is not there any more.
      to do: A renamed volume, a moved folder, or a migration that did not run."
  `)
  expect(outcomesOf(end.record.stages)).toEqual({ install: 'pass', ...BLOCKED, upgrade: 'fail' })
  expect(end.record).toMatchObject({ level: 1, base: '1.0.0+1.22.1', teardown: { clean: true, left: [] } })
  expect(end.record.deployments).toEqual({ counted: 2, planned: 2 })
})

test('a restore that loses the data is red in backup, although the backup succeeds, with custom blocked', async () => {
  const end = await redRun('broken-backup')
  expect(errorOf(end)).toMatchInlineSnapshot(`
    "RestoreLostDataError: The restore in place succeeded, and the data is not as it was backed up.
      last seen: What was written to /usr/share/nginx/html of app is not there any more.
      to do: Is the volume part of the backup (backupbot.backup.volumes…)? Does a restore hook undo it?"
  `)
  expect(outcomesOf(end.record.stages)).toEqual({
    install: 'pass',
    upgrade: 'pass',
    backup: 'fail',
    custom: 'blocked',
    'recipe-local': 'blocked',
    lint: 'pass',
  })
  expect(end.record).toMatchObject({ level: 2, teardown: { clean: true, left: [] } })
  expect(end.record.steps.map((step) => step.text)).toContainEqual(expect.stringMatching(/^backed up \d+ files/))
})
