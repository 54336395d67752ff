import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownerLabels } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CliEnd, TestHost } from './test-host.ts'

// The janitor's command on the real engine; each test has a stack of its own.

let host: TestHost
let stack: string
let volume: string
beforeEach(async () => {
  host = await TestHost.open()
  stack = `jani-${randomBytes(3).toString('hex')}_ci_localhost`
  volume = `${stack}_data`
  await host.docker.createVolume({ Name: volume, Labels: ownerLabels('dead-run') })
})
afterEach(async () => {
  await host.docker
    .getVolume(volume)
    .remove()
    .catch(() => {})
  host[Symbol.dispose]()
})

const told = ({ all }: CliEnd) => all.replaceAll(stack, '<stack>').replaceAll(/ {2}(\d+ ms|\d+\.\d s)$/gm, '  <time>')

const isThere = async () => {
  const { Volumes } = await host.docker.listVolumes()
  return (Volumes ?? []).some(({ Name }) => Name === volume)
}

test('--dry-run says what would be taken and why, and takes nothing', async () => {
  const end = await host.cli(['janitor', '--dry-run', stack])
  expect(end.exitCode).toBe(0)
  expect(told(end)).toMatchInlineSnapshot(`
    "<stack>  would take  dirty: nobody holds its lease (known by label; run dead-run)
        volume <stack>_data"
  `)
  expect(await isThere()).toBe(true)
})

test('without it, it is taken, said and written down', async () => {
  const end = await host.cli(['janitor', stack])
  expect(end.exitCode, end.all).toBe(0)
  expect(told(end)).toMatchInlineSnapshot(`
    "<stack>  taken  dirty: nobody holds its lease (known by label; run dead-run)  <time>
        volume <stack>_data"
  `)
  expect(await isThere()).toBe(false)
  const log = JSON.parse(readFileSync(join(host.stateDir, 'janitor.jsonl'), 'utf8')) as object
  expect(log).toMatchObject({ stack, outcome: 'taken', why: 'nobody holds its lease' })
  expect(told(await host.cli(['janitor', stack]))).toBe('Nothing of any run is here.')
})

test('what cannot be removed is said, with exit code 3', async () => {
  const stranger = await host.docker.createContainer({
    Image: host.settings.helperImage,
    Cmd: ['true'],
    HostConfig: { Binds: [`${volume}:/data`] },
  })
  try {
    const end = await host.cli(['janitor', '--json', stack], { env: { CCCI_TEARDOWN_TIMEOUT: '1' } })
    expect(end.exitCode, end.all).toBe(3)
    expect(JSON.parse(end.all)).toMatchObject({ stack, outcome: 'failed', error: expect.stringContaining(volume) })
  } finally {
    await stranger.remove({ force: true })
  }
})

test('--watch takes what comes, and ends in order when it is told to', async () => {
  const watch = host.start(['janitor', '--watch', '1', stack])
  await watch.saw(`${stack}  taken`)
  watch.kill('SIGTERM')
  expect((await watch.end).exitCode).toBe(0)
  expect(await isThere()).toBe(false)
})
