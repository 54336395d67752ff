import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findRecord, killProcess, processesWith, readRecord, runDir } from '@cc-ci/harness'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { TestHost } from '../../cli/test-host.ts'
import { until } from '../../dev-host/until.ts'
import { dronePipelines, REPOSITORY, stepEnvironment, stepScript } from './drone-yml.ts'

test('a cancelled build, of which Drone kills only the shell, is torn down', async () => {
  using host = await TestHost.open()
  const [sources = ''] = host.settings.recipeSources
  const { stdout: sha } = await execa('git', ['-C', join(sources, 'custom-html'), 'rev-parse', 'HEAD'])
  const { pr, stack } = host.subject('custom-html', sha)
  const RUN_ID = `20260130-101502-custom-html-${pr}`
  const params = { RECIPE: 'custom-html', PR: pr, REF: `refs/pull/${pr}/head`, SHA: sha, QUICK: '0', RUN_ID }
  const workspace = join(host.stateDir, 'workspace')
  mkdirSync(workspace)
  using left = new DisposableStack()
  left.defer(() => {
    for (const { pid } of processesWith('DRONE_WORKSPACE', workspace)) killProcess(pid)
  })
  const [step] = dronePipelines()[1]?.steps ?? []
  const script = join(workspace, 'step')
  writeFileSync(script, stepScript(step?.commands ?? []))
  // What the pipeline says of the host's folders is true of a host; here they are the test's.
  const own = { HOME: workspace, CCCI_STATE_DIR: host.stateDir }
  const shell = execa('/bin/sh', ['-e', script], {
    cwd: REPOSITORY,
    env: stepEnvironment(process.env, params, workspace, { ...step?.environment, ...own }),
    extendEnv: false,
    reject: false,
    all: true,
  })
  let said = ''
  shell.all.on('data', (chunk) => {
    said += chunk
  })
  const service = () => host.docker.listServices({ filters: { label: [`com.docker.stack.namespace=${stack}`] } })
  const deployed = await until(async () => (await service()).length > 0, { deadlineMs: 90_000 })
  expect(deployed, said).toBe(true)

  shell.kill('SIGKILL')
  const ended = () => {
    try {
      return readRecord(runDir(host.stateDir, RUN_ID)).state !== 'running'
    } catch {
      return false
    }
  }
  const clean = await until(
    async () => ended() && (await host.leftOf({ pr, stack, domain: '' }, RUN_ID)).length === 0,
    {
      deadlineMs: 30_000,
    },
  )
  expect(await host.leftOf({ pr, stack, domain: '' }, RUN_ID)).toEqual([])
  expect(clean).toBe(true)
  expect(findRecord(host.stateDir, RUN_ID)).toMatchObject({
    state: 'interrupted',
    verdict: 'interrupted',
    pr,
    ref: sha,
  })
  // The runner has said how it ended by then, and is about to.
  await until(() => processesWith('DRONE_WORKSPACE', workspace).length === 0, { deadlineMs: 10_000 })
  expect(processesWith('DRONE_WORKSPACE', workspace)).toEqual([])
  expect(said).toContain('+ node tooling/bootstrap.mjs pipeline')
})
