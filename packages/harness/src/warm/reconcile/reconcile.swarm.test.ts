import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { listAlerts } from '../../alert/store.ts'
import { ATTEMPT_STEPS, type AttemptStep } from './attempt.ts'
import { type TestSharedApp, testSharedApp } from './test-app.ts'

const V1 = { version: '1.0.0+1' }
const V2 = { version: '1.1.0+1' }
const V3 = { version: '1.2.0+1' }
const NO_IMAGE = { version: '1.3.0+1', image: 'cc-ci/there-is-none:1' }
const ILL = { version: '1.4.0+1', word: 'ill' }

const causes = ({ settings }: TestSharedApp) =>
  listAlerts(settings.stateDir, { archived: true }).map(({ cause, recovered }) => `${cause} ${recovered}`)

// As long as it may take where many others work, too.
describe.concurrent('a shared app', { timeout: 300_000 }, () => {
  test('with data is deployed, left alone, upgraded, rolled back and revived', async ({ expect }) => {
    await using app = await testSharedApp()
    await app.publish(V1)
    expect(await app.reconcile({ dryRun: true })).toMatchObject({ outcome: 'would deploy' })
    expect(existsSync(app.folder)).toBe(false)
    expect(await app.reconcile()).toMatchObject({ outcome: 'deployed', version: { version: V1.version } })
    expect(app.lastGood()).toMatchObject(V1)

    const standing = await app.standing()
    expect(await app.reconcile()).toMatchObject({ outcome: 'current', alerts: [] })
    expect(await app.standing()).toEqual(standing)

    await app.publish(V1, V2)
    expect(await app.reconcile({ fetch: false })).toMatchObject({ outcome: 'current' })
    expect(await app.reconcile({ upgrade: false })).toMatchObject({ outcome: 'current' })
    expect(await app.reconcile({ dryRun: true })).toMatchObject({ outcome: 'would upgrade' })
    expect(await app.standing()).toEqual(standing)
    expect(await app.reconcile()).toMatchObject({ outcome: 'upgraded', version: { version: V2.version } })
    expect(app.lastGood()).toMatchObject(V2)
    expect(await app.started()).toEqual([V1.version, V2.version])
    expect(causes(app)).toEqual([])

    await app.publish(V1, V2, NO_IMAGE)
    const failed = await app.reconcile()
    expect(failed).toMatchObject({ outcome: 'rolled back', version: { version: V2.version } })
    expect(failed.reason).toContain('cc-ci/there-is-none:1')
    expect(await app.started()).toEqual([V1.version, V2.version, V2.version])

    await app.publish(V1, V2, ILL)
    expect(await app.reconcile()).toMatchObject({ outcome: 'rolled back', version: { version: V2.version } })
    // What the ailing version had written is not there any more.
    expect(await app.started()).toEqual([V1.version, V2.version, V2.version, V2.version])
    expect(app.lastGood()).toMatchObject(V2)
    expect(causes(app)).toEqual(['deploy true', 'unhealthy true'])
    const [, unhealthy] = listAlerts(app.settings.stateDir)
    expect(unhealthy).toMatchObject({ attempted: { version: ILL.version }, lastGood: { version: V2.version } })
    expect(unhealthy?.text).toContain('/word says ill')
    expect(readFileSync(join(unhealthy?.evidence ?? '', 'error.txt'), 'utf8')).toContain('/word says ill')

    // It is not tried again by itself, and nobody is told again.
    const after = await app.standing()
    expect(await app.reconcile()).toMatchObject({ outcome: 'held', holds: [{ cause: 'failed before' }], alerts: [] })
    expect(await app.standing()).toEqual(after)

    await app.takeDown()
    expect(await app.reconcile()).toMatchObject({ outcome: 'revived', version: { version: V2.version } })
    expect(causes(app)).toEqual(['deploy true', 'unhealthy true', 'down true'])
    expect(readdirSync(app.folder)).not.toContain('reconcile.json')
  })

  test('whose upgrade is killed at any step is brought back, or forward once it was up, and a person is told', async ({
    expect,
  }) => {
    await using app = await testSharedApp()
    await app.publish(V1)
    await app.reconcile()
    const versions = [V1, V2]
    let at = V1.version
    const kills: { step: AttemptStep; to: typeof V1; ends: string }[] = [
      { step: 'undeploy', to: V2, ends: 'rolled back' },
      { step: 'snapshot', to: V2, ends: 'rolled back' },
      { step: 'deploy', to: V2, ends: 'rolled back' },
      { step: 'health', to: V2, ends: 'upgraded' },
      { step: 'commit', to: V3, ends: 'upgraded' },
      { step: 'restore', to: ILL, ends: 'rolled back' },
      { step: 'redeploy', to: { ...ILL, version: '1.5.0+1' }, ends: 'rolled back' },
    ]
    expect(kills.map(({ step }) => step)).toEqual(ATTEMPT_STEPS)
    for (const { step, to, ends } of kills) {
      if (!versions.some(({ version }) => version === to.version)) versions.push(to)
      await app.publish(...versions)
      await app.killedAt(step)
      const result = await app.reconcile()
      expect(result, step).toMatchObject({ outcome: ends, interrupted: { step } })
      if (ends === 'upgraded') at = to.version
      expect(app.lastGood()?.version, step).toBe(at)
      const started = await app.started()
      expect(started.at(-1), step).toBe(at)
      // Nothing that an ailing version wrote has stayed.
      expect(started, step).not.toContain(ILL.version)
      expect(started, step).not.toContain('1.5.0+1')
      expect(result.alerts, step).toHaveLength(1)
      expect(existsSync(join(app.folder, 'reconcile.json'))).toBe(false)
    }
    expect(causes(app)).toEqual([...Array(5).fill('interrupted true'), 'unhealthy true', 'unhealthy true'])
  })
})
