import { join } from 'node:path'
import { connectDocker, loadSettings, run } from '@cc-ci/harness'
import { expect, test } from 'vitest'
import { devHostPaths } from './paths.ts'
import { inspectProxy } from './proxy-container.ts'
import { runningRouter } from './router-process.ts'
import { statusOf, WARM_KEYCLOAK } from './status.ts'

const settings = await loadSettings()

const devHost = (command: string) => run(process.execPath, [join(import.meta.dirname, 'main.ts'), command])

test('bringing up what is up changes nothing and leaves every part in order', { timeout: 30_000 }, async () => {
  const docker = await connectDocker(settings.dockerHost)
  const parts = async () => ({
    router: runningRouter(devHostPaths(settings.stateDir))?.pid,
    proxy: (await inspectProxy(docker))?.Id,
  })
  const before = await parts()
  await devHost('up')
  expect(await parts()).toEqual(before)
  // What must be asked for is left as it is, in order or not.
  const own = (await statusOf(settings)).filter(({ part }) => part !== WARM_KEYCLOAK)
  expect(own.filter(({ ok }) => !ok)).toEqual([])
})
