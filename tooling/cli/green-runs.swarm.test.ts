import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { converge, leaseFolder, outcomesOf, type RunRecord, removeStack, run, takeLease } from '@cc-ci/harness'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type CliEnd, errorOf, type Subject, TestHost } from './test-host.ts'

// custom-html through the real command line on the real swarm.

let host: TestHost
beforeAll(async () => {
  host = await TestHost.open()
})
afterAll(() => host[Symbol.dispose]())

type Recorded = CliEnd & { record: RunRecord; folder: string }

function recorded(end: CliEnd): Recorded {
  const { record, folder } = end
  if (!record || !folder) throw new Error(`no record:\n${end.all}`)
  return { ...end, record, folder }
}

test('a recipe without a suite that ships tests of its own is green by the generic suite and by these', async () => {
  const subject = host.subject('local-tests')
  const { exitCode, all, record } = recorded(await host.cli(['run', 'local-tests', '--pr', subject.pr]))
  expect(exitCode, all).toBe(0)
  expect(record).toMatchObject({ verdict: 'green', level: 5, deployments: { counted: 3, planned: 3 } })
  const own = record.stages.find(({ stage }) => stage === 'recipe-local')
  expect(own?.outcome).toBe('pass')
  expect(new Set(own?.tests.map(({ name }) => name.split(' ')[0]))).toContain('run')
  expect(await host.leftOf(subject, record.id)).toEqual([])
})

describe('two runs of the same app at the same time', () => {
  let subject: Subject
  let first: Recorded
  let second: Recorded
  beforeAll(async () => {
    subject = host.subject('custom-html')
    const full = host.start(['run', 'custom-html', '--pr', subject.pr])
    await full.saw('deployment 1')
    const limited = host.start(['run', 'custom-html', '--pr', subject.pr, '--stages', 'install,custom'])
    const ends = await Promise.all([full.end, limited.end])
    first = recorded(ends[0])
    second = recorded(ends[1])
  })

  test('are both green, and leave nothing', async () => {
    for (const { exitCode, all, record } of [first, second]) {
      expect(exitCode, all).toBe(0)
      expect(record).toMatchObject({
        state: 'finished',
        verdict: 'green',
        problems: [],
        teardown: { clean: true, left: [] },
        domain: subject.domain,
      })
      expect(await host.leftOf(subject, record.id)).toEqual([])
    }
  })

  test('take turns: the second says for whom it waits, and deploys when the first is gone', () => {
    const waited = new RegExp(
      `^waiting for run ${first.record.id} \\(process \\d+, since .*\\), which uses ${subject.stack}$`,
    )
    expect(second.record.steps.map(({ text }) => text)).toContainEqual(expect.stringMatching(waited))
    const journal = (folder: string) =>
      readFileSync(join(folder, 'journal.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { at: number; event: string })
    const at = (folder: string, event: string) => journal(folder).find((line) => line.event === event)?.at ?? Number.NaN
    expect(at(second.folder, 'deployment')).toBeGreaterThanOrEqual(at(first.folder, 'teardown'))
  })

  test('a full one proves every stage in three deployments', () => {
    expect(outcomesOf(first.record.stages)).toEqual({
      install: 'pass',
      upgrade: 'pass',
      backup: 'pass',
      custom: 'pass',
      'recipe-local': 'not applicable',
      lint: 'pass',
    })
    expect(first.record).toMatchObject({
      level: 5,
      plan: 'full',
      version: '1.1.0+1.22.1',
      base: '1.0.0+1.22.1',
      deployments: { counted: 3, planned: 3 },
      unproven: [],
    })
    expect(first.record.limitedTo).toBeUndefined()
  })

  test('a full one leaves its record: run.json, junit.xml, output.log and a picture of the healthy app', () => {
    const { folder, record } = first
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['journal.jsonl', 'junit.xml', 'output.log', 'run.json']),
    )
    expect(record.evidence).toMatchObject([{ kind: 'screenshot', file: 'screenshots/healthy.png' }])
    const picture = readFileSync(join(folder, 'screenshots/healthy.png'))
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
    expect(picture.length).toBeGreaterThan(2000)
    const tests = record.stages.flatMap((stage) => stage.tests.map((test) => test.name))
    const junit = readFileSync(join(folder, 'junit.xml'), 'utf8')
    expect(junit.match(/<testcase /g)).toHaveLength(tests.length + ['recipe-local', 'lint', 'verdict: green'].length)
    expect(junit).not.toMatch(/<(failure|error)/)
    expect(junit.match(/<skipped/g)).toHaveLength(['recipe-local'].length)
    const output = readFileSync(join(folder, 'output.log'), 'utf8')
    expect(output).toContain('✓ removed without a trace')
    expect(first.all).toContain(output.trim())
  })

  test('one that was limited to some stages claims only what they show', () => {
    expect(outcomesOf(second.record.stages)).toEqual({
      install: 'pass',
      upgrade: 'not run',
      backup: 'not run',
      custom: 'pass',
      'recipe-local': 'not run',
      lint: 'not run',
    })
    expect(second.record).toMatchObject({
      level: 1,
      limitedTo: ['install', 'custom'],
      deployments: { counted: 1, planned: 1 },
      unproven: ['upgrade', 'backup', 'recipe-local', 'lint'].map((stage) => `${stage}: not asked for`),
    })
    expect(second.all).toMatch(/✓ green .* level 1 of 5 .* only install, custom/)
  })
})

test('what an earlier run left under the same name is removed first, with a warning', async () => {
  const { docker, settings } = host
  const subject = host.subject('custom-html')
  const { stack } = subject
  const compose = stringify({
    version: '3.8',
    services: {
      app: {
        image: settings.helperImage,
        command: ['sleep', 'infinity'],
        init: true,
        volumes: ['content:/data'],
        deploy: { endpoint_mode: 'dnsrr' },
      },
    },
    volumes: { content: {} },
  })
  try {
    await run('docker', ['stack', 'deploy', '--resolve-image', 'never', '-c', '-', stack], { input: compose })
    await converge(docker, stack, { timeoutMs: 60_000 })
    await docker.createSecret({ Name: `${stack}_key_v1`, Data: Buffer.from('old').toString('base64'), Labels: {} })
    const end = recorded(await host.cli(['run', 'custom-html', '--pr', subject.pr, '--stages', 'install']))
    expect(end.exitCode, end.all).toBe(0)
    const [warning = '', ...others] = end.record.warnings
    expect(warning).toMatch(/^an earlier run left this behind, removed now: /)
    for (const left of [
      `service ${stack}_app`,
      `volume ${stack}_content`,
      `secret ${stack}_key_v1`,
      'container ',
      'task ',
      'network ',
    ]) {
      expect(warning).toContain(left)
    }
    expect(others).toEqual([])
    expect(end.all).toContain('warning: an earlier run left this behind')
    expect(await host.leftOf(subject, end.record.id)).toEqual([])
  } finally {
    await removeStack(docker, stack, { timeoutMs: 60_000 })
  }
})

describe('a run whose turn does not come', () => {
  const held = async (subject: Subject) => {
    const folder = await leaseFolder(host.docker, host.settings)
    return await takeLease({ folder, name: subject.stack, runId: 'another-run', timeoutMs: 0 })
  }

  test('gives up at its deadline, naming who is at it', async () => {
    const subject = host.subject('custom-html')
    using _ = await held(subject)
    const env = { CCCI_QUEUE_TIMEOUT: '1' }
    const end = recorded(await host.cli(['run', 'custom-html', '--pr', subject.pr], { env }))
    expect(end.exitCode, end.all).toBe(3)
    expect(
      errorOf(end)
        .replaceAll(subject.stack, '<stack>')
        .replace(/process \d+, since [^)]*/, '…'),
    ).toMatchInlineSnapshot(`
      "LeaseHeldError: <stack> is in use by run another-run (…).
        to do: Wait for that run to end, or end it; runs of the same recipe, PR and ref take turns."
    `)
    expect(end.record).toMatchObject({ verdict: 'red', blame: 'infrastructure' })
    expect(await host.leftOf(subject, end.record.id)).toEqual([`lease ${subject.stack}`])
  })

  test('can be ended while it waits', async () => {
    const subject = host.subject('custom-html')
    using _ = await held(subject)
    const call = host.start(['run', 'custom-html', '--pr', subject.pr])
    await call.saw('waiting for run another-run')
    call.kill('SIGINT')
    const end = recorded(await call.end)
    expect(end.exitCode, end.all).toBe(130)
    expect(end.record).toMatchObject({ state: 'interrupted', verdict: 'interrupted' })
    expect(end.record.durationMs).toBeLessThan((host.settings.deployTimeout * 1000) / 10)
  })
})
