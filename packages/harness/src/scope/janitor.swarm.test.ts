import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeResidue, residueOf } from '../app/residue.ts'
import { removeStack, removeVolume } from '../app/teardown.ts'
import { HELPER_LABEL, HOST_LABEL, LEASE_LABEL, ownerLabels, RUN_LABEL, STACK_LABEL } from '../docker/labels.ts'
import { openTestStack, testHost } from '../docker/test-stack.ts'
import { MARK, markedProcesses } from '../process/marked.ts'
import { cleanUp, type JanitorRequest, type Taking } from './janitor.ts'
import { keep } from './kept.ts'
import { pathKind, processesKind, stackKind, volumeKind } from './kinds.ts'
import { placeOrder, type ScopeOrder } from './order.ts'
import { Scope } from './scope.ts'
import { holderProcess } from './test-holder.ts'

const dockerHost = 'unix:///var/run/docker.sock'

interface Place {
  docker: Docker
  image: string
  root: string
  /** A name of the scheme that only this test has. */
  stack: string
  volume: string
}

let place: Place
beforeEach(async () => {
  const { docker, image } = await testHost()
  const root = mkdtempSync(join(tmpdir(), 'ccci-janitor-'))
  const stack = `jani-${randomBytes(3).toString('hex')}_ci_localhost`
  mkdirSync(join(root, 'run'))
  place = { docker, image, root, stack, volume: `${stack}_data` }
})
afterEach(async () => {
  const { docker, stack, root } = place
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  rmSync(root, { recursive: true, force: true })
})

const at = (name: string) => join(place.root, name)

const round = (changes: Partial<JanitorRequest> = {}): Promise<Taking[]> =>
  cleanUp({
    docker: place.docker,
    leases: at('leases'),
    scopes: at('scopes'),
    baseDomain: 'ci.localhost',
    only: [place.stack],
    timeoutMs: 30_000,
    secondLookMs: 200,
    log: at('janitor.jsonl'),
    ...changes,
  })

const volumeExists = async (name = place.volume) => {
  const { Volumes } = await place.docker.listVolumes()
  return (Volumes ?? []).some(({ Name }) => Name === name)
}

const makeVolume = (labels: Record<string, string> = {}, name = place.volume) =>
  place.docker.createVolume({ Name: name, Labels: labels })

const order = (): ScopeOrder =>
  placeOrder(at('scopes'), {
    runId: 'dead-run',
    dockerHost,
    teardownTimeoutMs: 10_000,
    lease: { folder: at('leases'), name: place.stack },
    runDir: at('run'),
  })

/** Another process that holds the stack's lease until it is ended. */
const owner = () => holderProcess(at('leases'), place.stack, 'live-run')

describe('what a dead run has left is found', () => {
  test('by its labels alone: no ledger, no .env, no state directory', async () => {
    const { docker, image, stack } = place
    await openTestStack(docker, { name: stack, image, services: { app: { volumes: ['data'] } } })
    const labels = Buffer.from('secret').toString('base64')
    await docker.createSecret({ Name: `${stack}_key_v1`, Data: labels, Labels: ownerLabels('dead-run') })
    await makeVolume({ ...ownerLabels('dead-run'), [LEASE_LABEL]: stack }, `backup-${stack}`)
    const [taking, ...others] = await round({ baseDomain: 'elsewhere.example', scopes: at('nowhere') })
    expect(others).toEqual([])
    expect(taking).toMatchObject({ stack, trust: 'label', condition: 'dirty', outcome: 'taken', runIds: ['dead-run'] })
    for (const kind of ['service', 'network', 'volume', 'secret']) {
      expect(taking?.things).toContainEqual(expect.stringMatching(new RegExp(`^${kind} ${stack}`)))
    }
    expect(describeResidue(await residueOf(docker, stack))).toEqual([])
    expect(await volumeExists(`backup-${stack}`)).toBe(false)
  })

  test('by its ledger: files, programs, and volumes without a label', async () => {
    const { stack } = place
    const scope = new Scope({ folder: order().folder, teardownTimeoutMs: 10_000 })
    const mark = `janitor-test-${stack}`
    await scope.acquire(processesKind, { mark }, async () => {})
    await scope.acquire(volumeKind, { dockerHost, volume: `loose-${stack}` }, () => makeVolume({}, `loose-${stack}`))
    await scope.acquire(pathKind, { path: at('checkout') }, async () => mkdirSync(at('checkout')))
    const program = execa('sleep', ['1004'], { env: { [MARK]: mark }, reject: false, detached: true })
    const [taking] = await round()
    expect(taking).toMatchObject({ trust: 'ledger', outcome: 'taken', runIds: ['dead-run'] })
    expect(existsSync(at('checkout'))).toBe(false)
    expect(existsSync(scope.folder)).toBe(false)
    expect(await volumeExists(`loose-${stack}`)).toBe(false)
    expect(markedProcesses(mark)).toEqual([])
    await program
    expect(readFileSync(at('run/journal.jsonl'), 'utf8')).toContain('the janitor removes what is left')
  })

  test('by its ledger although nothing else of the scope can be read', async () => {
    const { folder } = order()
    const scope = new Scope({ folder, teardownTimeoutMs: 10_000 })
    await scope.acquire(stackKind, { dockerHost, stack: place.stack }, () => makeVolume())
    writeFileSync(join(folder, 'scope.json'), '{ "cut of')
    const [taking] = await round({ baseDomain: 'elsewhere.example' })
    expect(taking).toMatchObject({ stack: place.stack, trust: 'ledger', outcome: 'taken' })
    expect(await volumeExists()).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })

  test('by its name', async () => {
    await makeVolume()
    const [taking] = await round()
    expect(taking).toMatchObject({ trust: 'name', outcome: 'taken', runIds: [] })
    expect(await volumeExists()).toBe(false)
  })
})

describe('what is not a dead run’s is not touched', () => {
  test('a live one, however old it looks, and as soon as its owner is killed it is one', async () => {
    const { folder } = order()
    utimesSync(folder, 0, 0)
    await makeVolume(ownerLabels('live-run'))
    const living = await owner()
    try {
      const [taking] = await round()
      expect(taking).toMatchObject({ condition: 'live', outcome: 'left alone' })
      expect(taking?.why).toMatch(/^run live-run, process \d+$/)
      expect(await volumeExists()).toBe(true)
    } finally {
      await living.kill()
    }
    expect(await round()).toMatchObject([{ condition: 'dirty', outcome: 'taken' }])
    expect(await volumeExists()).toBe(false)
  })

  test('one whose owner shows itself between the two looks', async () => {
    await makeVolume()
    const rounding = round({ secondLookMs: 2_000 })
    const living = await owner()
    try {
      expect(await rounding).toMatchObject([{ condition: 'live', outcome: 'left alone' }])
      expect(await volumeExists()).toBe(true)
    } finally {
      await living.kill()
    }
  })

  test('one that somebody without a lease works on: it is another at the second look', async () => {
    await makeVolume()
    const rounding = round({ secondLookMs: 1_000 })
    const { stack, docker } = place
    // The first look is over when it has been answered; the second comes a second later.
    await volumeExists()
    await makeVolume({}, `${stack}_more`)
    expect(await rounding).toMatchObject([{ outcome: 'changing' }])
    expect(await volumeExists()).toBe(true)
    await removeVolume(docker, `${stack}_more`)
  })

  test('one made from another machine, whose leases cannot be seen', async () => {
    const { stack } = place
    await makeVolume({ [RUN_LABEL]: 'far-run', [HOST_LABEL]: '0123456789ab', [HELPER_LABEL]: stack })
    const [taking] = await round()
    expect(taking).toMatchObject({ condition: 'foreign', outcome: 'left alone' })
    expect(await volumeExists()).toBe(true)
  })

  test('what is kept for a while, until its time is over or somebody says so', async () => {
    const { folder } = order()
    await makeVolume()
    keep(folder, { until: Date.now() + 3_600_000 })
    const [taking] = await round()
    expect(taking).toMatchObject({ condition: 'kept', outcome: 'left alone' })
    expect(taking?.why).toMatch(/^kept until \d{4}-/)
    keep(folder, { until: Date.now() - 1 })
    expect(await round({ dryRun: true })).toMatchObject([{ condition: 'dirty', outcome: 'would take' }])
    keep(folder, { until: Date.now() + 3_600_000 })
    expect(await round({ endKept: true })).toMatchObject([{ condition: 'kept', outcome: 'taken' }])
    expect(await volumeExists()).toBe(false)
  })

  test('what a run has deployed beside its app, as long as that is kept', async () => {
    const { folder, runId } = order()
    const beside = `jani-${randomBytes(3).toString('hex')}_ci_localhost`
    const volume = `${beside}_data`
    const labels = { [STACK_LABEL]: beside, ...ownerLabels(runId) }
    await place.docker.createVolume({ Name: volume, Labels: labels })
    const only = { only: [beside] }
    keep(folder, { until: Date.now() + 3_600_000 })
    expect(await round(only)).toMatchObject([{ condition: 'kept', outcome: 'left alone' }])
    keep(folder, { until: Date.now() - 1 })
    expect(await round(only)).toMatchObject([{ condition: 'dirty', outcome: 'taken' }])
    expect(await volumeExists(volume)).toBe(false)
  })

  test.each(['warm-facade_ci_localhost_data', 'traefik_ci_localhost_data', 'jani-12345_ci_localhost_data'])(
    'what only resembles the name of a run: %s',
    async (name) => {
      const unique = `${name}${randomBytes(3).toString('hex')}`
      await makeVolume({}, unique)
      try {
        const stack = unique.replace(/_data.*$/, '')
        expect(await round({ only: [stack], dryRun: true })).toEqual([])
      } finally {
        await removeVolume(place.docker, unique)
      }
    },
  )
})

test('a dry run says what would be taken and why, and takes nothing', async () => {
  await makeVolume()
  expect(await round({ dryRun: true })).toMatchObject([
    { outcome: 'would take', why: 'nobody holds its lease', things: [`volume ${place.volume}`] },
  ])
  expect(await volumeExists()).toBe(true)
  expect(existsSync(at('janitor.jsonl'))).toBe(false)
})

test('what cannot be removed is said, and does not keep the janitor from the rest', async () => {
  const { docker, image, volume, stack } = place
  await makeVolume()
  await makeVolume({}, `${stack}_more`)
  const stranger = await docker.createContainer({
    Image: image,
    Cmd: ['true'],
    HostConfig: { Binds: [`${volume}:/data`] },
  })
  try {
    const [taking] = await round({ timeoutMs: 2_000 })
    expect(taking).toMatchObject({ outcome: 'failed', error: expect.stringContaining(volume) })
    expect(await volumeExists(`${stack}_more`)).toBe(false)
  } finally {
    await stranger.remove({ force: true })
  }
})

test('what was taken stands in the log, with the reason', async () => {
  await makeVolume()
  await round()
  expect(JSON.parse(readFileSync(at('janitor.jsonl'), 'utf8'))).toMatchObject({
    stack: place.stack,
    outcome: 'taken',
    trust: 'name',
    why: 'nobody holds its lease',
  })
})
